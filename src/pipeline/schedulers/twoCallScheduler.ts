import type { Tensor } from '../tensor.js'
import { sumOver, weightedSum } from './arithmetic.js'
import { KDiffusionScheduler } from './kDiffusionScheduler.js'
import type { PredictionType } from './prediction.js'
import type { Scheduler, SchedulerStep, StepOptions } from './scheduler.js'

/** A step whose second call is still to come. */
export interface Begun {
  sample: Tensor
  sigma: number
  derivative: Tensor
}

interface Levels {
  timesteps: number[]
  sigmas: number[]
}

/**
 * What second-order methods share that call the network twice a step: at its start, and at a lower level for the
 * direction in which the whole step is then made. The last step leaps to the picture with its first call.
 * `timesteps` and `sigmas` hold one entry a call, 2n − 1 for n steps.
 */
export abstract class TwoCallScheduler extends KDiffusionScheduler implements Pick<Scheduler, 'step'> {
  override readonly order = 2
  abstract readonly config: { predictionType: PredictionType }
  #begun: Begun | undefined

  step(modelOutput: Tensor, timestep: number, sample: Tensor, options: StepOptions = {}): SchedulerStep {
    this.checkStarted()
    const index = this.indexFor(timestep)
    const [sigma, sigmaNext] = [this.sigmas[index], this.sigmas[index + 1]]
    const x0 = this.limited(this.denoised(this.config.predictionType, sigma, sample, modelOutput))
    const derivative = sumOver(sigma, [1, sample], [-1, x0])
    const begun = this.#begun
    this.#begun = begun ? undefined : { sample, sigma, derivative }
    this.advance()
    const prevSample = begun
      ? this.wholeStep(begun, derivative, sigmaNext, options)
      : weightedSum([1, sample], [sigmaNext - sigma, derivative])
    return { prevSample, predOriginalSample: x0 }
  }

  /** @param derivative at the second call's level */
  protected abstract wholeStep(begun: Begun, derivative: Tensor, sigmaNext: number, options: StepOptions): Tensor

  protected limited(x0: Tensor): Tensor {
    return x0
  }

  /** @param second timestep and level of each second call, one fewer than the steps */
  protected startCalls(steps: Levels, second: Levels): number[] {
    this.#begun = undefined
    return this.start(interleaved(steps.timesteps, second.timesteps), [...interleaved(steps.sigmas, second.sigmas), 0])
  }
}

const interleaved = (first: number[], second: number[]) =>
  first.flatMap((value, i) => (i < second.length ? [value, second[i]] : [value]))
