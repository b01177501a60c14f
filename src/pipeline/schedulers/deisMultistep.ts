import type { Tensor } from '../tensor.js'
import { type Term, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, withoutCarried } from './config.js'
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
} from './configKeys.js'
import { checkShapes, ExponentialIntegrator, type Level, multistepOrder } from './exponentialIntegrator.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep } from './scheduler.js'
import { sigmasAt } from './sigmaScheduler.js'

const SPEC = {
  className: 'DEISMultistepScheduler',
  defaults: {
    ...BETA_KEYS,
    ...SHAPE_KEYS,
    ...SPACING_KEYS,
    ...THRESHOLD_KEYS,
    ...FLOW_KEYS,
    algorithmType: 'deis',
    lowerOrderFinal: true,
    solverOrder: 2,
    solverType: 'logrho',
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    solverOrder: [1, 2, 3],
    predictionType: FLOW_PREDICTIONS,
    timestepSpacing: SPACINGS,
    // those of DPM-Solver are taken for deis
    algorithmType: ['deis', 'dpmsolver', 'dpmsolver++'],
    solverType: SOLVER_TYPES,
    timeShiftType: ['exponential'],
  },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * Diffusion exponential integrator sampler: the polynomial in log ρ through the last noises, integrated over ρ = σ / α.
 * Zhang & Chen 2023, "Fast Sampling of Diffusion Models with Exponential Integrator", log ρ Adams-Bashforth.
 *
 * Options: `solverOrder`, `lowerOrderFinal`, `useKarrasSigmas`, `useExponentialSigmas`, `useBetaSigmas`,
 * `sigmaMin`, `sigmaMax`, `thresholding`, `timestepSpacing`, `useFlowSigmas`, `flowShift`.
 */
export class DEISMultistepScheduler extends ExponentialIntegrator implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>
  #noises: Tensor[] = []

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkShapes(SPEC.className, resolved)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): DEISMultistepScheduler {
    return new DEISMultistepScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'timesteps', 'sigmas')
    const { timesteps, sigmas, last } = this.#levels(checkedStepCount(numInferenceSteps), custom.mu)
    this.#noises = []
    return this.start(timesteps.map(Math.trunc), [...sigmas, last])
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor): SchedulerStep {
    this.checkStarted()
    const index = this.indexFor(timestep)
    const noise = this.noiseBeside(this.pictureAt(index, modelOutput, sample), index, sample)
    this.#noises = [noise, ...this.#noises].slice(0, this.config.solverOrder)
    const order = Math.min(this.#noises.length, multistepOrder(index, this.timesteps, this.config))
    const levels = this.levelsFrom(index + 1, order + 1)
    const [{ alpha }, start] = levels
    const terms = logRhoIntegrals(levels).map((weight, i): Term => [alpha * weight, this.#noises[i]])
    this.advance()
    return { prevSample: weightedSum([alpha / start.alpha, sample], ...terms) }
  }

  /** Of a shape or a flow the last level is held: the last step changes nothing. */
  #levels(count: number, mu: number | undefined) {
    const chosen = this.chosenLevels(SPEC.className, count, mu)
    if (chosen) return { ...chosen, last: chosen.sigmas[count - 1] }
    const timesteps = this.spaced(count, this.config.timestepSpacing, this.config.stepsOffset)
    return { timesteps, sigmas: sigmasAt(timesteps, this.trainingSigmas), last: this.trainingSigmas[0] }
  }
}

/**
 * ∫ of each Lagrange polynomial in log ρ from the step's start to its end, over ρ.
 * @param levels where the step ends, and where the noises were seen, newest first
 */
function logRhoIntegrals(levels: readonly Level[]): number[] {
  const [end, ...nodes] = levels.map(({ alpha, sigma }) => sigma / alpha)
  const [start] = nodes
  return nodes.map((node, j) => {
    const others = nodes.filter((_, k) => k !== j).map(Math.log)
    const scale = others.reduce((product, other) => product * (Math.log(node) - other), 1)
    return (antiderivative(end, others) - antiderivative(start, others)) / scale
  })
}

/** Of the product of log ρ − each of at most two roots. */
function antiderivative(rho: number, [a, b]: readonly number[]): number {
  const u = Math.log(rho)
  if (a === undefined) return rho
  if (b === undefined) return rho * (u - 1 - a)
  return rho * (u ** 2 - 2 * u + 2 - (a + b) * (u - 1) + a * b)
}
