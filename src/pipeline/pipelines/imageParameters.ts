import type { ImageParameters } from '../image/parameters.js'
import type { Call } from './callOptions.js'
import { pipelineParameters, type ToldParts } from './pipelineParameters.js'

/** What made picture `index` of a call, in the terms of stable-diffusion-webui that picture readers know: all that `callOptions` needs. */
export function imageParameters(pipeline: ToldParts, call: Call, index: number): ImageParameters {
  const promptIndex = Math.floor(index / call.numImagesPerPrompt)
  const negativePrompt = call.negativePrompts[promptIndex]
  const { guidanceRescale, clipSkip, eta, timesteps, sigmas, quality, batch, crossAttentionKwargs } = call
  const untold = [...call.untold]
  return {
    prompt: call.prompts?.[promptIndex] ?? '',
    ...(negativePrompt && { negativePrompt }),
    steps: call.numInferenceSteps,
    cfgScale: call.guidanceScale,
    seed: call.seeds[index],
    width: call.width,
    height: call.height,
    ...(call.strength !== undefined && { strength: call.strength }),
    ...(call.paddingMaskCrop !== undefined && { maskPadding: call.paddingMaskCrop }),
    ...(call.controlNet && { controlNet: call.controlNet }),
    ...(crossAttentionKwargs?.scale !== undefined && { loraScale: crossAttentionKwargs.scale }),
    ...(clipSkip && { clipSkip }),
    ...(guidanceRescale && { guidanceRescale }),
    ...(eta && { eta }),
    ...(timesteps && { timesteps }),
    ...(sigmas && { sigmas }),
    promptSyntax: call.promptSyntax,
    ...(quality !== 'exact' && { quality }),
    ...(batch > 1 && !Array.isArray(call.generator) && { batch: { index, count: batch } }),
    ...(untold.length && { untold }),
    ...pipelineParameters(pipeline, call),
  }
}
