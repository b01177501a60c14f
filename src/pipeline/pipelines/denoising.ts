import type { Image } from '../image/image.js'
import type { UNetSteering } from '../models/steering.js'
import { denoised } from '../schedulers/denoised.js'
import type { Scheduler, StepOptions } from '../schedulers/index.js'
import type { Tensor } from '../tensor.js'
import type { EncodedPrompt } from './encodePrompt.js'

/** After a step. */
export interface Step {
  /** 0 … `total` − 1 */
  step: number
  /** the network's calls */
  total: number
  /** of the training, 0 … 999 */
  timestep: number
  /** [pictures, channels, height/8, width/8], scaled */
  latents: Tensor
  /** the latents without the noise the network sees in them, shape and scale of `latents`: what a preview shows */
  denoised(): Tensor
}

/** Where denoising begins, and what a pipeline adds to it on the way. */
export interface Start {
  /** those that are walked: a picture that is only changed skips the first of the scheduler's */
  timesteps: readonly number[]
  /** as noisy as the first timestep says, [pictures, channels, height/8, width/8], scaled */
  latents: Tensor
  /** further channels of the network's input, [pictures, channels, height/8, width/8] */
  channels?: Tensor
  /** what ControlNets have to say at a step */
  control?: ((text: EncodedPrompt, place: Place) => UNetSteering | undefined) | undefined
  /** what becomes of a step's latents */
  afterStep?(latents: Tensor, place: Place): Tensor
  /** what becomes of a finished picture */
  finish?(image: Image): Image
}

/** Where in the walk a step is, counted from 0. */
export type Place = Pick<Step, 'step' | 'total' | 'timestep'>

export interface Denoising extends Pick<Start, 'timesteps' | 'latents'> {
  scheduler: Scheduler
  /** what the network sees in latents as the scheduler scales them: noise, or what else it was trained to tell */
  predict(latents: Tensor, place: Place): Promise<Tensor>
  /** of the noise that a step may add */
  noise: StepOptions
  /** has the last word on a step's latents */
  onStepEnd(place: Place, latents: Tensor): Tensor | Promise<Tensor>
  signal?: AbortSignal | undefined
}

/** The loop that all pipelines share; returns the finished latents. */
export async function* denoising(parts: Denoising): AsyncGenerator<Step, Tensor, undefined> {
  const { scheduler, timesteps, predict, noise, onStepEnd, signal } = parts
  let { latents } = parts
  for (const [step, timestep] of timesteps.entries()) {
    signal?.throwIfAborted()
    const place = { step, total: timesteps.length, timestep }
    const before = latents
    const prediction = await predict(scheduler.scaleModelInput(latents, timestep), place)
    latents = await onStepEnd(place, scheduler.step(prediction, timestep, latents, noise).prevSample)
    yield { ...place, latents, denoised: () => denoised(scheduler, prediction, timestep, before) }
  }
  signal?.throwIfAborted()
  return latents
}
