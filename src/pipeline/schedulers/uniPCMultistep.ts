import { InvalidOptionError } from '../errors.js'
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
} from './configKeys.js'
import { checkShapes, ExponentialIntegrator } from './exponentialIntegrator.js'
import { checkMu, shifted, shiftOf, stretchedTo } from './flowSigmas.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep } from './scheduler.js'
import { chosenShape, sigmasAt } from './sigmaScheduler.js'
import { linspace } from './sigmas.js'
import { uniPCWeights } from './uniPCWeights.js'

const SPEC = {
  className: 'UniPCMultistepScheduler',
  defaults: {
    ...BETA_KEYS,
    ...SHAPE_KEYS,
    ...SPACING_KEYS,
    ...THRESHOLD_KEYS,
    ...FLOW_KEYS,
    disableCorrector: [] as readonly number[],
    finalSigmasType: 'zero',
    lowerOrderFinal: true,
    predictX0: true,
    rescaleBetasZeroSnr: false,
    shiftTerminal: null as number | null,
    solverOrder: 2,
    solverP: null,
    solverType: 'bh2',
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    predictionType: FLOW_PREDICTIONS,
    timestepSpacing: SPACINGS,
    finalSigmasType: ['zero', 'sigma_min'],
    solverType: SOLVER_TYPES,
    timeShiftType: ['exponential', 'linear'],
    solverP: [null],
  },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * Unified predictor-corrector: each output corrects the step that led to it before it predicts the next.
 * Zhao et al. 2023, "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling of Diffusion Models".
 *
 * Options: `solverOrder`, `solverType`, `predictX0`, `disableCorrector` (steps), `lowerOrderFinal`, `finalSigmasType`,
 * `useKarrasSigmas`, `useExponentialSigmas`, `useBetaSigmas`, `sigmaMin`, `sigmaMax`, `thresholding`,
 * `timestepSpacing`, `rescaleBetasZeroSnr`, `useFlowSigmas`, `flowShift`, `shiftTerminal`.
 */
export class UniPCMultistepScheduler extends ExponentialIntegrator implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>
  /** Of the last steps, newest first. */
  #outputs: Tensor[] = []
  #lastSample: Tensor | undefined
  #lastOrder = 0

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkRunnable(resolved)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): UniPCMultistepScheduler {
    return new UniPCMultistepScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'timesteps')
    const { useFlowSigmas, finalSigmasType } = this.config
    if (custom.sigmas && (!useFlowSigmas || chosenShape(this.config)))
      throw new InvalidOptionError(`${SPEC.className} takes sigmas of one's own with use_flow_sigmas alone`)
    checkMu(SPEC.className, this.config, custom.mu)
    const count = checkedStepCount(custom.sigmas ? custom.sigmas.length : numInferenceSteps)
    const { timesteps, sigmas, least } = this.#levels(count, custom)
    this.#outputs = []
    this.#lastSample = undefined
    return this.start(timesteps.map(Math.trunc), [...sigmas, finalSigmasType === 'zero' ? 0 : least])
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor): SchedulerStep {
    this.checkStarted()
    const index = this.indexFor(timestep)
    const { disableCorrector, solverOrder, lowerOrderFinal } = this.config
    const output = this.config.predictX0
      ? this.pictureAt(index, modelOutput, sample)
      : this.noiseAt(index, modelOutput, sample)
    const last = this.#lastSample
    const corrected =
      last && !disableCorrector.includes(index - 1) ? this.#updated(index, this.#lastOrder, last, output) : sample
    this.#outputs = [output, ...this.#outputs].slice(0, solverOrder)
    const left = this.timesteps.length - index
    const order = Math.min(this.#outputs.length, lowerOrderFinal ? left : solverOrder)
    this.#lastSample = corrected
    this.#lastOrder = order
    this.advance()
    return { prevSample: this.#updated(index + 1, order, corrected) }
  }

  /** The sample at `sigmas[end]`, corrected where the output there is known. */
  #updated(end: number, order: number, sample: Tensor, output?: Tensor): Tensor {
    const { predictX0 } = this.config
    const solverType = this.config.solverType === 'bh1' ? 'bh1' : 'bh2'
    const levels = this.levelsFrom(end, order + 1)
    const weights = uniPCWeights(levels, { predictX0, solverType, corrects: output !== undefined })
    const terms = weights.ofOutputs.map((weight, i): Term => [weight, this.#outputs[i]])
    if (output) terms.push([weights.ofThis, output])
    return weightedSum([weights.ofSample, sample], ...terms)
  }

  #levels(count: number, custom: CustomSchedule) {
    const { useFlowSigmas, useKarrasSigmas, numTrainTimesteps, timestepSpacing, stepsOffset } = this.config
    if (useFlowSigmas) {
      const sigmas = useKarrasSigmas
        ? this.shaped(count).sigmas.map(sigma => sigma / (sigma + 1))
        : this.#flowLevels(count, custom)
      return { sigmas, timesteps: sigmas.map(sigma => sigma * numTrainTimesteps), least: sigmas[count - 1] }
    }
    const chosen = this.chosenLevels(SPEC.className, count, custom.mu)
    if (chosen) return { ...chosen, least: chosen.sigmas[count - 1] }
    const timesteps = this.spaced(count, timestepSpacing, stepsOffset)
    return { timesteps, sigmas: sigmasAt(timesteps, this.trainingSigmas), least: this.trainingSigmas[0] }
  }

  /** In even steps from 1, or the caller's, shifted. */
  #flowLevels(count: number, { sigmas, mu }: CustomSchedule): number[] {
    const { flowShift, shiftTerminal, numTrainTimesteps } = this.config
    const shift = shiftOf(SPEC.className, this.config, flowShift, mu)
    const even = sigmas ?? linspace(1, 1 / numTrainTimesteps, count + 1).slice(0, -1)
    const [first, ...rest] = stretchedTo(
      shiftTerminal,
      even.map(sigma => shifted(sigma, shift)),
    )
    return [Math.abs(first - 1) < 1e-6 ? first - 1e-6 : first, ...rest] // at 1 there is no picture, and λ is infinite
  }
}

/** Refuses combinations that diffusers refuses, or that end in NaN there. */
function checkRunnable(config: Config<typeof SPEC.defaults>): void {
  const { shiftTerminal, useFlowSigmas, finalSigmasType, lowerOrderFinal, solverOrder, predictX0 } = config
  checkShapes(SPEC.className, config, 'useKarrasSigmas')
  if (shiftTerminal !== null && !useFlowSigmas)
    throw unsupported(SPEC.className, 'shiftTerminal', shiftTerminal, 'null where "use_flow_sigmas" is false')
  if (finalSigmasType === 'zero' && !lowerOrderFinal && solverOrder > 1)
    throw unsupported(SPEC.className, 'finalSigmasType', 'zero', 'sigma_min where "lower_order_final" is false')
  if (finalSigmasType === 'zero' && !predictX0)
    throw unsupported(SPEC.className, 'finalSigmasType', 'zero', 'sigma_min where "predict_x0" is false')
  if (!predictX0 && config.predictionType === 'flow_prediction')
    throw unsupported(SPEC.className, 'predictionType', 'flow_prediction', 'others where "predict_x0" is false')
}
