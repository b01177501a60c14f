import type { Tensor } from '../tensor.js'
import { sumOver, type Term, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, withoutCarried } from './config.js'
import { BETA_KEYS, BETA_SCHEDULES, PREDICTIONS, SHAPE_KEYS, SPACING_KEYS, SPACINGS } from './configKeys.js'
import { KDiffusionScheduler } from './kDiffusionScheduler.js'
import type { PredictionType } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep } from './scheduler.js'
import { checkOneShape } from './sigmaScheduler.js'

const SPEC = {
  className: 'LMSDiscreteScheduler',
  defaults: { ...BETA_KEYS, ...SHAPE_KEYS, ...SPACING_KEYS, predictionType: 'epsilon' as PredictionType },
  values: { betaSchedule: BETA_SCHEDULES, predictionType: PREDICTIONS, timestepSpacing: SPACINGS },
} satisfies ConfigSpec<Record<string, unknown>>

const ORDER = 4

/**
 * Linear multistep: the polynomial through the last four derivatives, integrated over the step. k-diffusion's
 * `sample_lms`; Karras et al. 2022 for the equation it solves.
 *
 * Options: `useKarrasSigmas`, `useExponentialSigmas`, `useBetaSigmas`, `timestepSpacing`.
 */
export class LMSDiscreteScheduler extends KDiffusionScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>
  #derivatives: Tensor[] = []

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkOneShape(SPEC.className, resolved)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): LMSDiscreteScheduler {
    return new LMSDiscreteScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'timesteps', 'sigmas', 'mu')
    // diffusers' Karras levels take no bounds in this class
    const bounds = this.config.useKarrasSigmas ? { sigmaMin: null, sigmaMax: null } : this.config
    const { useKarrasSigmas, useExponentialSigmas, useBetaSigmas } = this.config
    const shapes = { useKarrasSigmas, useExponentialSigmas, useBetaSigmas, ...bounds }
    const { timesteps, sigmas } = this.levels(checkedStepCount(numInferenceSteps), shapes)
    this.#derivatives = []
    return this.start(timesteps, [...sigmas, 0])
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor): SchedulerStep {
    const index = this.indexFor(timestep)
    const sigma = this.sigmas[index]
    const x0 = this.denoised(this.config.predictionType, sigma, sample, modelOutput)
    this.#derivatives = [sumOver(sigma, [1, sample], [-1, x0]), ...this.#derivatives].slice(0, ORDER)
    const order = Math.min(index + 1, ORDER)
    const nodes = Array.from({ length: order }, (_, i) => this.sigmas[index - i])
    const terms = this.#derivatives.map(
      (derivative, i): Term => [lagrangeIntegral(nodes, i, sigma, this.sigmas[index + 1]), derivative],
    )
    this.advance()
    return { prevSample: weightedSum([1, sample], ...terms), predOriginalSample: x0 }
  }
}

/** ∫ of the polynomial that is 1 at its own node and 0 at the others, by Gauss's two points: exact for four nodes. */
function lagrangeIntegral(nodes: readonly number[], own: number, from: number, to: number): number {
  const polynomial = (x: number) =>
    nodes.reduce((product, node, k) => (k === own ? product : (product * (x - node)) / (nodes[own] - node)), 1)
  const [middle, half] = [(from + to) / 2, (to - from) / 2]
  return half * (polynomial(middle - half / Math.sqrt(3)) + polynomial(middle + half / Math.sqrt(3)))
}
