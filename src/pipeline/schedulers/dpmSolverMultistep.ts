import { InvalidOptionError } from '../errors.js'
import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { mixedByItem, type Term, thresholded, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, snakeCase, unsupported } from './config.js'
import { type Algorithm, solverWeights } from './dpmSolverWeights.js'
import { noiseOf, type PredictionType, pictureOf, predicted } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'
import { checkOneShape, chosenShape, SigmaScheduler, shapedSigmas, sigmasAt } from './sigmaScheduler.js'
import {
  BETA_SCHEDULES,
  leadingTimesteps,
  linspace,
  roundHalfEven,
  SPACINGS,
  timestepOf,
  trailingTimesteps,
} from './sigmas.js'

const SPEC = {
  className: 'DPMSolverMultistepScheduler',
  defaults: {
    numTrainTimesteps: 1000,
    betaStart: 0.0001,
    betaEnd: 0.02,
    betaSchedule: 'linear',
    trainedBetas: null as readonly number[] | null,
    solverOrder: 2,
    predictionType: 'epsilon' as PredictionType | 'flow_prediction',
    thresholding: false,
    dynamicThresholdingRatio: 0.995,
    sampleMaxValue: 1,
    algorithmType: 'dpmsolver++' as Algorithm | 'deis',
    solverType: 'midpoint',
    lowerOrderFinal: true,
    eulerAtFinal: false,
    useKarrasSigmas: false,
    useExponentialSigmas: false,
    useBetaSigmas: false,
    useLuLambdas: false,
    useFlowSigmas: false,
    flowShift: 1,
    finalSigmasType: 'zero',
    lambdaMinClipped: Number.NEGATIVE_INFINITY,
    varianceType: null,
    timestepSpacing: 'linspace',
    stepsOffset: 0,
    rescaleBetasZeroSnr: false,
    useDynamicShifting: false,
    timeShiftType: 'exponential',
    // not in diffusers' __init__, but looked for by its Karras, exponential and beta sigmas
    sigmaMin: null as number | null,
    sigmaMax: null as number | null,
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    solverOrder: [1, 2, 3],
    predictionType: ['epsilon', 'sample', 'v_prediction', 'flow_prediction'],
    algorithmType: ['dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++', 'deis'],
    solverType: ['midpoint', 'heun', 'logrho', 'bh1', 'bh2'],
    finalSigmasType: ['zero', 'sigma_min'],
    varianceType: [null],
    timestepSpacing: SPACINGS,
    useDynamicShifting: [false, null],
    timeShiftType: ['exponential'],
  },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * DPM-Solver and DPM-Solver++ over the last one to three model outputs; the default is DPM++ 2M.
 * Lu et al. 2022, "DPM-Solver" and "DPM-Solver++".
 */
export class DPMSolverMultistepScheduler extends SigmaScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>
  readonly initNoiseSigma = 1
  readonly #algorithm: Algorithm
  #outputs: Tensor[] = []
  #ready = false

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkRunnable(resolved)
    super(resolved)
    this.config = resolved
    this.#algorithm = algorithmOf(resolved)
  }

  static fromConfig(config: Readonly<Record<string, unknown>>): DPMSolverMultistepScheduler {
    return new DPMSolverMultistepScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'sigmas')
    const shape = chosenShape(this.config) ?? OTHER_SHAPES.find(key => this.config[key])
    if (custom.timesteps && shape)
      throw new InvalidOptionError(`${SPEC.className} takes no timesteps of one's own with ${snakeCase(shape)}`)
    const spaced = custom.timesteps?.map(Math.trunc) ?? this.#spaced(checkedStepCount(numInferenceSteps))
    checkedStepCount(spaced.length)
    const { timesteps, sigmas } = this.#levels(spaced, custom.timesteps?.length ?? numInferenceSteps!)
    const last = this.config.finalSigmasType === 'zero' ? 0 : this.trainingSigmas[0]
    this.#outputs = []
    this.#ready = true
    return this.start(timesteps.map(Math.trunc), [...sigmas, last])
  }

  scaleModelInput(sample: Tensor, _timestep?: number): Tensor {
    return sample
  }

  addNoise(original: Tensor, noise: Tensor, timesteps: readonly number[]): Tensor {
    return mixedByItem(
      original,
      noise,
      timesteps.map(timestep => {
        const { alpha, sigma } = this.#level(this.sigmaOf(timestep))
        return [alpha, sigma]
      }),
    )
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, { generator }: StepOptions = {}): SchedulerStep {
    if (!this.#ready) throw new InvalidOptionError('call setTimesteps before step')
    const index = this.indexFor(timestep)
    const { solverOrder } = this.config
    this.#outputs = [...this.#outputs, this.#converted(modelOutput, index, sample)].slice(-solverOrder)
    const order = Math.min(this.#outputs.length, this.#orderAt(index))
    const levels = Array.from({ length: order + 1 }, (_, i) => this.#level(this.sigmas[index + 1 - i]))
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

  /** The last steps of few use lower orders: a last noise level of zero allows the first alone. */
  #orderAt(index: number): number {
    const { eulerAtFinal, lowerOrderFinal, finalSigmasType, solverOrder } = this.config
    const left = this.timesteps.length - index
    const few = lowerOrderFinal && this.timesteps.length < 15
    if (left === 1 && (eulerAtFinal || few || finalSigmasType === 'zero')) return 1
    return left === 2 && few ? Math.min(2, solverOrder) : solverOrder
  }

  /** What the algorithm integrates: the picture for the ++ kinds, else the noise. */
  #converted(output: Tensor, index: number, sample: Tensor): Tensor {
    const { predictionType, thresholding, dynamicThresholdingRatio, sampleMaxValue } = this.config
    const { alpha, sigma } = this.#level(this.sigmas[index])
    const limited = (x0: Tensor) => (thresholding ? thresholded(x0, dynamicThresholdingRatio, sampleMaxValue) : x0)
    if (predictionType === 'flow_prediction')
      return limited(predicted(pictureOf('epsilon', 1, this.sigmas[index]), sample, output))
    if (this.#algorithm.endsWith('++'))
      return limited(predicted(pictureOf(predictionType, alpha, sigma), sample, output))
    const noise = predicted(noiseOf(predictionType, alpha, sigma), sample, output)
    if (!thresholding) return noise
    const x0 = limited(predicted(pictureOf('epsilon', alpha, sigma), sample, noise))
    return predicted(noiseOf('sample', alpha, sigma), sample, x0)
  }

  /** α and σ of a sample α x₀ + σ ε whose noise level is σ / α, or for flows 1 − σ and σ. */
  #level(level: number): { alpha: number; sigma: number } {
    if (this.config.useFlowSigmas) return { alpha: fround(1 - level), sigma: level }
    const alpha = fround(1 / fround(Math.sqrt(fround(fround(level * level) + 1))))
    return { alpha, sigma: fround(level * alpha) }
  }

  /** `count` falling timesteps; where the config clips λ, from the last one with a λ above. */
  #spaced(count: number): number[] {
    const { timestepSpacing, numTrainTimesteps, stepsOffset, lambdaMinClipped } = this.config
    const last = this.trainingAlphas.findLastIndex(alpha => logSnrHalf(alpha) >= lambdaMinClipped) + 1
    if (timestepSpacing === 'trailing') return trailingTimesteps(numTrainTimesteps, count, last)
    const spaced =
      timestepSpacing === 'leading'
        ? leadingTimesteps(last, count + 1).map(timestep => timestep + stepsOffset)
        : linspace(0, last - 1, count + 1)
            .map(roundHalfEven)
            .reverse()
    return spaced.slice(0, -1)
  }

  #levels(timesteps: number[], count: number): { timesteps: number[]; sigmas: number[] } {
    const { useLuLambdas, useFlowSigmas, flowShift, numTrainTimesteps, betaSchedule } = this.config
    const training = this.trainingSigmas
    const logSigmas = training.map(Math.log)
    const [lowest, highest] = [training[0], training[training.length - 1]]
    const shape = chosenShape(this.config)
    // Where two are set: Karras before Lu before the others, the order of diffusers' questions.
    const shaped = shape === 'useKarrasSigmas' || !useLuLambdas ? shape : undefined
    if (shaped || useLuLambdas) {
      const sigmas = shaped
        ? shapedSigmas(this.config, highest, lowest, count)
        : linspace(logSigmas[logSigmas.length - 1], logSigmas[0], count).map(Math.exp)
      const exact = sigmas.map(sigma => timestepOf(sigma, logSigmas))
      const fractions =
        betaSchedule === 'squaredcos_cap_v2' || shaped === 'useExponentialSigmas' || shaped === 'useBetaSigmas'
      return { sigmas, timesteps: fractions ? exact : exact.map(roundHalfEven) }
    }
    if (useFlowSigmas) {
      const sigmas = linspace(1, 1 / numTrainTimesteps, count + 1)
        .map(alpha => (flowShift * (1 - alpha)) / (1 + (flowShift - 1) * (1 - alpha)))
        .reverse()
        .slice(0, -1)
      return { sigmas, timesteps: sigmas.map(sigma => sigma * numTrainTimesteps) }
    }
    return { timesteps, sigmas: sigmasAt(timesteps, training) }
  }
}

const OTHER_SHAPES = ['useLuLambdas', 'useFlowSigmas'] as const
const { fround } = Math

/** λ = log(√ᾱ / √(1 − ᾱ)). */
function logSnrHalf(alpha: number): number {
  return fround(fround(Math.log(fround(Math.sqrt(alpha)))) - fround(Math.log(fround(Math.sqrt(fround(1 - alpha))))))
}

function algorithmOf({ algorithmType }: { algorithmType: Algorithm | 'deis' }): Algorithm {
  return algorithmType === 'deis' ? 'dpmsolver++' : algorithmType
}

/** Combinations that diffusers refuses, or that fail in its step. */
function checkRunnable(config: Config<typeof SPEC.defaults>): void {
  const { algorithmType, finalSigmasType, solverOrder, predictionType } = config
  checkOneShape(SPEC.className, config)
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
