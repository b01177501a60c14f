import { InvalidOptionError, UnsupportedModelError } from '../errors.js'
import type { AutoencoderKL } from '../models/autoencoderKL.js'
import type { AutoencoderTiny } from '../models/autoencoderTiny.js'
import type { CLIPTextModel } from '../models/clipTextModel.js'
import type { StableDiffusionSafetyChecker } from '../models/stableDiffusionSafetyChecker.js'
import type { UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import { FlowMatchEulerDiscreteScheduler, type Scheduler } from '../schedulers/index.js'
import type { ClipTokenizer } from '../tokenizer/clip.js'
import type { Quantization } from '../weights/quantizedWeights.js'

/** What a Stable Diffusion 1.x or 2.x pipeline is made of. */
export interface StableDiffusionParts {
  /** as the user named the model */
  name: string
  tokenizer: ClipTokenizer
  textEncoder: CLIPTextModel
  unet: UNet2DConditionModel
  vae: AutoencoderKL | AutoencoderTiny
  scheduler: Scheduler
  /** null: pictures are not filtered */
  safetyChecker?: StableDiffusionSafetyChecker | null
  /** each part's sessions last for its turn (no) */
  isOffloaded?: boolean
  /** of the noise drawn, and of the arithmetic where the device has it */
  dtype: 'float32' | 'float16'
  /** of the U-Net's and the text encoder's layers (none) */
  quantization?: Quantization | undefined
}

/** What a pipeline does, as far as it decides which parts will do. */
export type Task = 'text to image' | 'image to image' | 'inpainting' | 'ControlNet'

/** @throws InvalidOptionError for a scheduler of flows: the U-Net of Stable Diffusion 1.x and 2.x tells noise or velocity, of which it would make fog */
function checkScheduler(scheduler: Scheduler): void {
  if (scheduler instanceof FlowMatchEulerDiscreteScheduler)
    throw new InvalidOptionError(
      'expected a scheduler for a U-Net that predicts noise or velocity, got a FlowMatchEulerDiscreteScheduler, which is for flow models such as ' +
        'Stable Diffusion 3: take EulerDiscreteScheduler, or another of docs/schedulers.md',
    )
}

/**
 * Parts that are each sound may not belong together: an inpainting U-Net, a text encoder of another size.
 * @throws UnsupportedModelError naming the key and what it must be; InvalidOptionError for the scheduler
 */
export function checkFit({ name, unet, vae, textEncoder, scheduler }: StableDiffusionParts, task: Task): void {
  checkScheduler(scheduler)
  const where = unet.source === name ? `${name}/unet/config.json` : unet.source
  const { inChannels, outChannels, crossAttentionDim } = unet.config
  const { latentChannels } = vae.config
  const refuse = (key: string, is: number, expected: string): never => {
    throw new UnsupportedModelError(`${where}: "${key}" is ${is}; ${task} needs ${expected}`)
  }
  const withMask = 2 * latentChannels + 1
  if (inChannels !== latentChannels && !(task === 'inpainting' && inChannels === withMask)) {
    const or = task === 'inpainting' ? `, or ${withMask}` : ''
    const hint = inChannels === withMask ? ': load this model with StableDiffusionInpaintPipeline' : ''
    refuse('in_channels', inChannels, `the VAE's latent_channels, ${latentChannels}${or}${hint}`)
  }
  if (outChannels !== latentChannels)
    refuse('out_channels', outChannels, `the VAE's latent_channels, ${latentChannels}`)
  if (crossAttentionDim !== textEncoder.config.hiddenSize)
    refuse('cross_attention_dim', crossAttentionDim, `the text encoder's hidden_size, ${textEncoder.config.hiddenSize}`)
}
