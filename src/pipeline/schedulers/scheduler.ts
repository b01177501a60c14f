import type { Generator } from '../random.js'
import type { Tensor } from '../tensor.js'

/** What leads from noise to a picture: the timesteps, and the update between two of them. */
export interface Scheduler {
  /** Every key that diffusers' class has, in camelCase, and the keys of other classes that the file held. */
  readonly config: Readonly<Record<string, unknown>>
  /** In the order of the model's calls; PNDM makes n + 1. */
  readonly timesteps: number[]
  /** Noise levels, one a timestep and the last one reached; classes that work on αs have none. */
  readonly sigmas?: number[]
  /** Model calls a step: Heun and the DPM2 kinds make two, of which the last step has one. Work from a picture starts at `timesteps[order ⋅ k]`. */
  readonly order: number
  /** What unit noise is multiplied with before the first step. */
  readonly initNoiseSigma: number
  /**
   * @param numInferenceSteps at least 1; not looked at where a schedule is given
   * @returns the timesteps
   */
  setTimesteps(numInferenceSteps: number | undefined, custom?: CustomSchedule): number[]
  /** Begins at `timesteps[index]` instead of the first one; after `setTimesteps`. Classes that go by the timestep alone need not be told. */
  setBeginIndex?(index: number): void
  /** The sample as the network wants to see it at this timestep. */
  scaleModelInput(sample: Tensor, timestep: number): Tensor
  /** @param timesteps one a batch item, or one for all */
  addNoise(original: Tensor, noise: Tensor, timesteps: readonly number[]): Tensor
  /**
   * One update. Call it once a timestep, in the order of `timesteps`: multistep classes remember what came before.
   * @param modelOutput what the network answered to `scaleModelInput(sample, timestep)`; shape of `sample`
   * @param sample batch first
   */
  step(modelOutput: Tensor, timestep: number, sample: Tensor, options?: StepOptions): SchedulerStep
}

/** A schedule of one's own, where the class takes one. */
export interface CustomSchedule {
  /** Falling; whole ones for DDPM, LCM, TCD and DPM-Solver. */
  timesteps?: readonly number[] | undefined
  /** Noise levels: for Euler with the last one reached, for flows (UniPC, FlowMatchEuler) without it and before the shift. */
  sigmas?: readonly number[] | undefined
  /** How far `useDynamicShifting` shifts the noise levels: a number that grows with the picture's size. */
  mu?: number | undefined
}

/** What an update takes beside the network's answer; each class looks at what it knows. */
export interface StepOptions {
  /** For classes that add noise: one for the batch, or one a picture. */
  generator?: Generator | Generator[] | undefined
  /** DDIM: 0 adds no noise, 1 as much as DDPM; default 0. TCD: how much of each step is noise made anew, 0 … 1; default 0.3. */
  eta?: number | undefined
  /** The type the added noise is drawn in: that of the model; DPMSolverMultistep and FlowMatchEuler draw in float32 always. Default `float32`. */
  dtype?: 'float32' | 'float16' | undefined
  /** DDIM: the noise is taken from the clipped picture. Default false. */
  useClippedModelOutput?: boolean | undefined
  /** Euler: noise added before steps whose σ lies between the bounds. Karras et al. 2022, Algorithm 2. Default 0. */
  sChurn?: number | undefined
  /** Default 0. */
  sTmin?: number | undefined
  /** Default infinite. */
  sTmax?: number | undefined
  /** The added noise's standard deviation. Default 1. */
  sNoise?: number | undefined
}

/** What an update gives. */
export interface SchedulerStep {
  /** the sample at the next timestep, of the sample's shape */
  prevSample: Tensor
  /** The picture that this step sees at the end of the way. */
  predOriginalSample?: Tensor
}
