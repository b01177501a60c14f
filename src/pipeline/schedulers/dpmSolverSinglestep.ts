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
  THRESHOLD_KEYS,
  VARIANCE_TYPES,
} from './configKeys.js'
import { type Algorithm, singlestepWeights } from './dpmSolverWeights.js'
import { checkShapes, ExponentialIntegrator } from './exponentialIntegrator.js'
import { withoutVariance } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'
import { chosenShape, refuseTimestepsWith, sigmasAt } from './sigmaScheduler.js'

const SPEC = {
  className: 'DPMSolverSinglestepScheduler',
  defaults: {
    ...BETA_KEYS,
    ...SHAPE_KEYS,
    ...THRESHOLD_KEYS,
    ...FLOW_KEYS,
    algorithmType: 'dpmsolver++' as 'dpmsolver' | 'dpmsolver++' | 'sde-dpmsolver++' | 'deis',
    finalSigmasType: 'zero',
    lambdaMinClipped: Number.NEGATIVE_INFINITY,
    lowerOrderFinal: false,
    solverOrder: 2,
    solverType: 'midpoint',
    varianceType: null as string | null,
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    solverOrder: [1, 2, 3],
    predictionType: FLOW_PREDICTIONS,
    algorithmType: ['dpmsolver', 'dpmsolver++', 'sde-dpmsolver++', 'deis'],
    solverType: SOLVER_TYPES,
    finalSigmasType: ['zero', 'sigma_min'],
    varianceType: VARIANCE_TYPES,
    timeShiftType: ['exponential'],
  },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * DPM-Solver and DPM-Solver++ in groups of steps of order 1, 2, …, each made again from its group's start; the default is
 * DPM++ 2S. Lu et al. 2022, "DPM-Solver" and "DPM-Solver++".
 *
 * Options: `algorithmType`, `solverOrder`, `solverType`, `lowerOrderFinal`, `finalSigmasType`,
 * `useKarrasSigmas`, `useExponentialSigmas`, `useBetaSigmas`, `sigmaMin`, `sigmaMax`, `lambdaMinClipped`,
 * `thresholding`, `useFlowSigmas`, `flowShift`.
 */
export class DPMSolverSinglestepScheduler extends ExponentialIntegrator implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>
  readonly #algorithm: Algorithm
  #orders: number[] = []
  #outputs: Tensor[] = []
  #groupStart: Tensor | undefined

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkRunnable(resolved)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
    this.#algorithm = resolved.algorithmType === 'deis' ? 'dpmsolver++' : resolved.algorithmType
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): DPMSolverSinglestepScheduler {
    return new DPMSolverSinglestepScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'sigmas')
    const shape = chosenShape(this.config) ?? (this.config.useFlowSigmas ? 'useFlowSigmas' : undefined)
    refuseTimestepsWith(SPEC.className, shape, custom.timesteps)
    const count = checkedStepCount(custom.timesteps ? custom.timesteps.length : numInferenceSteps)
    const { timesteps, sigmas } = this.#levels(count, custom)
    const last = this.config.finalSigmasType === 'zero' ? 0 : this.trainingSigmas[0]
    this.#orders = this.#ordersOf(timesteps.length)
    this.#outputs = []
    this.#groupStart = undefined
    return this.start(timesteps.map(Math.trunc), [...sigmas, last])
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, options: StepOptions = {}): SchedulerStep {
    this.checkStarted()
    const index = this.indexFor(timestep)
    this.#outputs = [this.#converted(modelOutput, index, sample), ...this.#outputs].slice(0, this.config.solverOrder)
    const order = Math.min(this.#orders[index], this.#outputs.length)
    if (order === 1 || !this.#groupStart) this.#groupStart = sample
    const solverType = this.config.solverType === 'heun' ? 'heun' : 'midpoint'
    const levels = this.levelsFrom(index + 1, order + 1)
    const { ofSample, ofOutputs, ofNoise } = singlestepWeights(this.#algorithm, solverType, levels)
    const terms: Term[] = [[ofSample, this.#groupStart]]
    for (const [i, weight] of ofOutputs.entries()) terms.push([weight, this.#outputs[i]])
    const { generator, dtype } = options
    if (ofNoise !== undefined) terms.push([ofNoise, randn(sample.dims, { generator, dtype })])
    this.advance()
    return { prevSample: weightedSum(...terms) }
  }

  #converted(modelOutput: Tensor, index: number, sample: Tensor): Tensor {
    const { predictionType, varianceType } = this.config
    const output = predictionType === 'epsilon' ? withoutVariance(modelOutput, sample, varianceType) : modelOutput
    return this.#algorithm.endsWith('++') ? this.pictureAt(index, output, sample) : this.noiseAt(index, output, sample)
  }

  /** Each step's order: 1, 2, …, again and again. The last is 1 where it ends at zero, or where a full group is to end so. */
  #ordersOf(count: number): number[] {
    const { solverOrder, finalSigmasType, lowerOrderFinal } = this.config
    const orders = Array.from({ length: count }, (_, i) => (i % solverOrder) + 1)
    if (finalSigmasType === 'zero' || (lowerOrderFinal && count % solverOrder === 0)) orders[count - 1] = 1
    return orders
  }

  #levels(count: number, custom: CustomSchedule): { timesteps: number[]; sigmas: readonly number[] } {
    const chosen = this.chosenLevels(SPEC.className, count, custom.mu)
    if (chosen) return chosen
    const last = this.timestepsAbove(this.config.lambdaMinClipped)
    const timesteps = custom.timesteps?.map(Math.trunc) ?? this.spaced(count, 'linspace', 0, last)
    return { timesteps, sigmas: sigmasAt(timesteps, this.trainingSigmas) }
  }
}

/** Refuses combinations that diffusers refuses, or that fail in its step. */
function checkRunnable(config: Config<typeof SPEC.defaults>): void {
  const { algorithmType, finalSigmasType, predictionType, thresholding } = config
  checkShapes(SPEC.className, config)
  if (algorithmType !== 'dpmsolver') return
  const refuse = (key: string, value: unknown, known: string) =>
    unsupported(SPEC.className, key, value, `${known} with "algorithm_type": "dpmsolver"`)
  if (finalSigmasType === 'zero') throw refuse('finalSigmasType', 'zero', 'sigma_min')
  if (predictionType === 'flow_prediction') throw refuse('predictionType', predictionType, 'others')
  if (thresholding) throw refuse('thresholding', true, 'false')
}
