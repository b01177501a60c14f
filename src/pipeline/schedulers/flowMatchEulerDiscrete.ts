import { InvalidOptionError } from '../errors.js'
import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { mixedByItem, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig } from './config.js'
import { SHAPE_KEYS } from './configKeys.js'
import { checkMu, shifted, shiftOf, stretchedTo } from './flowSigmas.js'
import { pictureOf, predicted } from './prediction.js'
import { checkedStepCount } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'
import { checkOneShape, chosenShape, shapedSigmas } from './sigmaScheduler.js'
import { linspace } from './sigmas.js'
import { SigmaWalk } from './sigmaWalk.js'

const SPEC = {
  className: 'FlowMatchEulerDiscreteScheduler',
  defaults: {
    ...SHAPE_KEYS,
    numTrainTimesteps: 1000,
    shift: 1,
    useDynamicShifting: false,
    timeShiftType: 'exponential',
    // from which a pipeline finds μ: the shifts of the least and the largest picture, in tokens
    baseShift: 0.5,
    maxShift: 1.15,
    baseImageSeqLen: 256,
    maxImageSeqLen: 4096,
    invertSigmas: false,
    shiftTerminal: null as number | null,
    stochasticSampling: false,
  },
  values: { timeShiftType: ['exponential', 'linear'] },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * Euler's method on a flow, for networks that predict the velocity ε − x₀ of x = (1 − σ) x₀ + σ ε, as Stable Diffusion 3
 * does. Lipman et al. 2023, "Flow Matching for Generative Modeling"; Esser et al. 2024 for the shift.
 *
 * Options: `shift`, `useDynamicShifting` with `timeShiftType`, `shiftTerminal`, `invertSigmas`, `stochasticSampling`,
 * `useKarrasSigmas`, `useExponentialSigmas`, `useBetaSigmas`, `sigmaMin`, `sigmaMax`.
 */
export class FlowMatchEulerDiscreteScheduler extends SigmaWalk implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>
  readonly initNoiseSigma = 1
  /** The first and the last noise level of the training, shifted. */
  readonly #range: readonly [max: number, min: number]

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkOneShape(SPEC.className, resolved)
    super()
    this.config = resolved
    const { numTrainTimesteps, useDynamicShifting, shift } = resolved
    const sigmas = linspace(1, 1 / numTrainTimesteps, numTrainTimesteps).map(sigma =>
      useDynamicShifting ? sigma : shifted(sigma, shift),
    )
    this.#range = [Math.fround(sigmas[0]), Math.fround(sigmas[numTrainTimesteps - 1])]
    this.#walk(sigmas)
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): FlowMatchEulerDiscreteScheduler {
    return new FlowMatchEulerDiscreteScheduler(config)
  }

  /** As in diffusers, the levels between the shifted bounds are shifted once more, and so are those of the caller. */
  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    const { numTrainTimesteps, shift, shiftTerminal } = this.config
    checkMu(SPEC.className, this.config, custom.mu)
    const by = shiftOf(SPEC.className, this.config, shift, custom.mu)
    if (custom.sigmas && custom.timesteps && custom.sigmas.length !== custom.timesteps.length)
      throw new InvalidOptionError(
        `sigmas and timesteps must be as many, got ${custom.sigmas.length} and ${custom.timesteps.length}`,
      )
    const own = custom.sigmas ?? custom.timesteps?.map(timestep => timestep / numTrainTimesteps)
    const count = checkedStepCount(own ? own.length : numInferenceSteps)
    const even = own ?? linspace(...this.#range, count)
    const sigmas = stretchedTo(
      shiftTerminal,
      even.map(sigma => shifted(sigma, by)),
    )
    const shape = chosenShape(this.config)
    return this.#walk(shape ? shapedSigmas(this.config, sigmas[0], sigmas[count - 1], count) : sigmas, custom.timesteps)
  }

  scaleModelInput(sample: Tensor, _timestep?: number): Tensor {
    return sample
  }

  /** What diffusers calls `scale_noise`. */
  addNoise(original: Tensor, noise: Tensor, timesteps: readonly number[]): Tensor {
    return mixedByItem(
      original,
      noise,
      timesteps.map(timestep => {
        const sigma = this.sigmaOf(timestep)
        return [1 - sigma, sigma]
      }),
    )
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, { generator }: StepOptions = {}): SchedulerStep {
    const index = this.indexFor(timestep)
    const [sigma, sigmaNext] = [this.sigmas[index], this.sigmas[index + 1]]
    const x0 = predicted(pictureOf('flow_prediction', 1 - sigma, sigma), sample, modelOutput)
    this.advance()
    const prevSample = this.config.stochasticSampling
      ? weightedSum([1 - sigmaNext, x0], [sigmaNext, randn(sample.dims, { generator })]) // drawn in single precision
      : weightedSum([1, sample], [sigmaNext - sigma, modelOutput])
    return { prevSample, predOriginalSample: x0 }
  }

  #walk(levels: readonly number[], timesteps?: readonly number[]): number[] {
    const { invertSigmas, numTrainTimesteps } = this.config
    const sigmas = levels.map(sigma => Math.fround(invertSigmas ? 1 - Math.fround(sigma) : sigma))
    const ofSigmas = sigmas.map(sigma => sigma * numTrainTimesteps)
    return this.start(invertSigmas ? ofSigmas : (timesteps ?? ofSigmas), [...sigmas, invertSigmas ? 1 : 0])
  }
}
