import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { type Term, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, unsupported, withoutCarried } from './config.js'
import {
  BETA_KEYS,
  BETA_SCHEDULES,
  FLOW_KEYS,
  FLOW_PREDICTIONS,
  SHAPE_KEYS,
  SOLVER_TYPES,
  SPACING_KEYS,
  SPACINGS,
  THRESHOLD_KEYS,
  VARIANCE_TYPES,
} from './configKeys.js'
import { type Algorithm, solverWeights } from './dpmSolverWeights.js'
import { checkShapes, ExponentialIntegrator, multistepOrder } from './exponentialIntegrator.js'
import { withoutVariance } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'
import { chosenShape, refuseTimestepsWith, sigmasAt } from './sigmaScheduler.js'
import { exponentialSigmas, roundHalfEven } from './sigmas.js'

const SPEC = {
  className: 'DPMSolverMultistepScheduler',
  defaults: {
    ...BETA_KEYS,
    ...SHAPE_KEYS,
    ...SPACING_KEYS,
    ...THRESHOLD_KEYS,
    ...FLOW_KEYS,
    algorithmType: 'dpmsolver++' as Algorithm | 'deis',
    eulerAtFinal: false,
    finalSigmasType: 'zero',
    lambdaMinClipped: Number.NEGATIVE_INFINITY,
    lowerOrderFinal: true,
    rescaleBetasZeroSnr: false,
    solverOrder: 2,
    solverType: 'midpoint',
    useLuLambdas: false,
    varianceType: null as string | null,
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    solverOrder: [1, 2, 3],
    predictionType: FLOW_PREDICTIONS,
    algorithmType: ['dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++', 'deis'],
    solverType: SOLVER_TYPES,
    finalSigmasType: ['zero', 'sigma_min'],
    varianceType: VARIANCE_TYPES,
    timestepSpacing: SPACINGS,
    timeShiftType: ['exponential'],
  },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * DPM-Solver and DPM-Solver++ over the last one to three model outputs; the default is DPM++ 2M.
 * Lu et al. 2022, "DPM-Solver" and "DPM-Solver++".
 *
 * Options: `algorithmType`, `solverOrder`, `solverType`, `lowerOrderFinal`, `eulerAtFinal`, `finalSigmasType`,
 * `useKarrasSigmas`, `useExponentialSigmas`, `useBetaSigmas`, `useLuLambdas`, `sigmaMin`, `sigmaMax`,
 * `lambdaMinClipped`, `thresholding`, `timestepSpacing`, `rescaleBetasZeroSnr`, `useFlowSigmas`, `flowShift`.
 */
export class DPMSolverMultistepScheduler extends ExponentialIntegrator implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>
  readonly #algorithm: Algorithm
  #outputs: Tensor[] = []

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkRunnable(resolved)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
    this.#algorithm = algorithmOf(resolved)
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): DPMSolverMultistepScheduler {
    return new DPMSolverMultistepScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'sigmas')
    const shape = chosenShape(this.config) ?? OTHER_SHAPES.find(key => this.config[key])
    refuseTimestepsWith(SPEC.className, shape, custom.timesteps)
    const count = checkedStepCount(custom.timesteps ? custom.timesteps.length : numInferenceSteps)
    const { timesteps, sigmas } = this.#levels(count, custom)
    const last = this.config.finalSigmasType === 'zero' ? 0 : this.trainingSigmas[0]
    this.#outputs = []
    return this.start(timesteps.map(Math.trunc), [...sigmas, last])
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, { generator }: StepOptions = {}): SchedulerStep {
    this.checkStarted()
    const index = this.indexFor(timestep)
    const { solverOrder } = this.config
    this.#outputs = [...this.#outputs, this.#converted(modelOutput, index, sample)].slice(-solverOrder)
    const order = Math.min(this.#outputs.length, this.#orderAt(index))
    const levels = this.levelsFrom(index + 1, order + 1)
    const solverType = this.config.solverType === 'heun' ? 'heun' : 'midpoint'
    const { ofSample, ofOutputs, ofNoise } = solverWeights(this.#algorithm, solverType, levels)
    const newestFirst = this.#outputs.toReversed()
    const terms: Term[] = [[ofSample, sample]]
    for (const [i, weight] of ofOutputs.entries()) terms.push([weight, newestFirst[i]])
    // diffusers draws this noise in single precision, whatever the model's
    if (ofNoise !== undefined) terms.push([ofNoise, randn(modelOutput.dims, { generator })])
    this.advance()
    return { prevSample: weightedSum(...terms) }
  }

  /** A last noise level of zero allows the first order alone. */
  #orderAt(index: number): number {
    const { eulerAtFinal, finalSigmasType } = this.config
    const last = index === this.timesteps.length - 1
    return last && (eulerAtFinal || finalSigmasType === 'zero') ? 1 : multistepOrder(index, this.timesteps, this.config)
  }

  /** What the algorithm integrates: the picture for the ++ kinds, else the noise. */
  #converted(modelOutput: Tensor, index: number, sample: Tensor): Tensor {
    const { predictionType, thresholding, varianceType } = this.config
    const output = predictionType === 'epsilon' ? withoutVariance(modelOutput, sample, varianceType) : modelOutput
    if (this.#algorithm.endsWith('++')) return this.pictureAt(index, output, sample)
    if (thresholding) return this.noiseBeside(this.pictureAt(index, output, sample), index, sample)
    return this.noiseAt(index, output, sample)
  }

  #levels(count: number, custom: CustomSchedule): { timesteps: number[]; sigmas: readonly number[] } {
    const { useLuLambdas, useKarrasSigmas, betaSchedule } = this.config
    const training = this.trainingSigmas
    const rounds = betaSchedule !== 'squaredcos_cap_v2'
    // Where two are set: Karras before Lu before the others, the order of diffusers' questions.
    if (useLuLambdas && !useKarrasSigmas) {
      const lu = this.shaped(count, exponentialSigmas(training[training.length - 1], training[0], count))
      return { ...lu, timesteps: rounds ? lu.timesteps.map(roundHalfEven) : lu.timesteps }
    }
    const chosen = this.chosenLevels(SPEC.className, count, custom.mu, rounds)
    if (chosen) return chosen
    const { timestepSpacing, stepsOffset, lambdaMinClipped } = this.config
    const timesteps =
      custom.timesteps?.map(Math.trunc) ??
      this.spaced(count, timestepSpacing, stepsOffset, this.timestepsAbove(lambdaMinClipped))
    return { timesteps, sigmas: sigmasAt(timesteps, training) }
  }
}

const OTHER_SHAPES = ['useLuLambdas', 'useFlowSigmas'] as const

function algorithmOf({ algorithmType }: { algorithmType: Algorithm | 'deis' }): Algorithm {
  return algorithmType === 'deis' ? 'dpmsolver++' : algorithmType
}

/** Refuses combinations that diffusers refuses, or that fail in its step. */
function checkRunnable(config: Config<typeof SPEC.defaults>): void {
  const { algorithmType, finalSigmasType, solverOrder, predictionType } = config
  checkShapes(SPEC.className, config)
  if (config.useLuLambdas && config.useFlowSigmas)
    throw unsupported(SPEC.className, 'useLuLambdas', true, 'false where "use_flow_sigmas" is true')
  if (algorithmType.endsWith('++')) return
  if (finalSigmasType === 'zero')
    throw unsupported(SPEC.className, 'finalSigmasType', 'zero', `sigma_min with "algorithm_type": "${algorithmType}"`)
  if (predictionType === 'flow_prediction')
    throw unsupported(
      SPEC.className,
      'predictionType',
      predictionType,
      `others with "algorithm_type": "${algorithmType}"`,
    )
  if (algorithmType === 'sde-dpmsolver' && solverOrder === 3)
    throw unsupported(SPEC.className, 'solverOrder', 3, '1, 2 with "algorithm_type": "sde-dpmsolver"')
}
