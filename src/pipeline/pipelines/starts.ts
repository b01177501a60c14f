import type { AutoencoderKL } from '../models/autoencoderKL.js'
import type { AutoencoderTiny } from '../models/autoencoderTiny.js'
import { randn } from '../random.js'
import type { Scheduler } from '../schedulers/index.js'
import { scaled, type Tensor } from '../tensor.js'
import type { Call } from './callOptions.js'
import type { Start } from './denoising.js'
import { encodeImage } from './encodeImage.js'
import { remainingTimesteps } from './remainingTimesteps.js'

interface Parts {
  vae: AutoencoderKL | AutoencoderTiny
  dtype: 'float32' | 'float16'
}

/** All timesteps, from noise alone. */
export function startFromNoise({ vae, dtype }: Parts, call: Call, scheduler: Scheduler): Start {
  const timesteps = scheduler.setTimesteps(call.numInferenceSteps, call)
  const { batch, height, width, generator } = call
  const { scaleFactor, config } = vae
  const dims = [batch, config.latentChannels, height / scaleFactor, width / scaleFactor]
  const noise = call.latents ?? randn(dims, { generator, dtype })
  return { timesteps, latents: scaled(noise, scheduler.initNoiseSigma) }
}

/**
 * The last timesteps, from a picture with noise.
 * @param image [1 or prompts, 3, height, width], −1…1, or latents
 */
export async function startFromImage(
  { vae, dtype }: Parts,
  image: Tensor,
  call: Call & { strength: number },
  scheduler: Scheduler,
): Promise<Start> {
  const timesteps = remainingTimesteps(scheduler, call)
  const latents = await encodeImage(vae, image, call, { dtype, alone: true })
  const noise = randn(latents.dims, { generator: call.generator, dtype })
  return { timesteps, latents: scheduler.addNoise(latents, noise, [timesteps[0]]) }
}
