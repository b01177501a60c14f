import { InvalidOptionError } from '../errors.js'
import type { ImageParameters } from '../image/parameters.js'
import { Generator } from '../random.js'
import type { CallOptions } from './callOptions.js'
import { differences, type ToldParts } from './pipelineParameters.js'
import { type Quality, qualities } from './quality.js'

/**
 * The options that draw a picture again: `pipeline(parameters.prompt, callOptions(parameters))`, on the model and with the scheduler that made it. A
 * picture that one generator drew among others comes with those: it is the one at `parameters.batch.index`. Pictures that the call took, and what
 * ControlNets had to say, are to be added; so are LoRA and textual inversions, which `parameters.lora` and `textualInversion` name.
 * @param parameters of a picture made here, or by a tool that writes them as A1111 does
 * @param pipeline that is to draw it: a warning tells in what it is not as the one that made the picture, such as a VAE of its own, or the VAE's tiles
 * @throws InvalidOptionError where the picture took more than its parameters tell
 */
export function callOptions(
  parameters: ImageParameters,
  pipeline?: ToldParts,
): CallOptions<unknown> & OptionsOfPictures {
  const { pipeline: kind, untold, batch, seed, timesteps, sigmas, quality, promptSyntax } = parameters
  if (untold)
    throw new InvalidOptionError(
      `this picture cannot be drawn from its parameters: it took ${untold.join(', ')}, which they do not hold`,
    )
  const different = pipeline ? differences(parameters, pipeline) : []
  if (different.length > 0)
    console.warn(`The picture was made by another pipeline than this, which may draw another. ${different.join('; ')}`)
  // there the picture has the image's size
  const { width, height } = kind === 'StableDiffusionImg2ImgPipeline' ? {} : parameters
  const options: Undefinable<CallOptions<unknown> & OptionsOfPictures> = {
    negativePrompt: parameters.negativePrompt,
    width,
    height,
    ...(kind && { strength: parameters.strength, paddingMaskCrop: parameters.maskPadding }),
    ...(timesteps || sigmas ? { timesteps, sigmas } : { numInferenceSteps: parameters.steps }),
    guidanceScale: parameters.cfgScale,
    guidanceRescale: parameters.guidanceRescale,
    clipSkip: parameters.clipSkip,
    crossAttentionKwargs: parameters.loraScale === undefined ? undefined : { scale: parameters.loraScale },
    eta: parameters.eta,
    promptSyntax: promptSyntax === 'plain' ? promptSyntax : 'a1111',
    // another tool may mean something else by it
    quality: qualities.includes(quality as Quality) ? (quality as Quality) : undefined,
    ...(batch && seed !== undefined ? { numImagesPerPrompt: batch.count, generator: new Generator(seed) } : { seed }),
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** What pipelines take that make pictures of pictures. */
interface OptionsOfPictures {
  strength?: number
  paddingMaskCrop?: number
}

type Undefinable<T> = { [Name in keyof T]: T[Name] | undefined }
