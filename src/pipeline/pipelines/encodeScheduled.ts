import type { CLIPTextModel } from '../models/clipTextModel.js'
import { splitComposable } from '../prompt/composable.js'
import { encodeWeighted } from '../prompt/encodeWeighted.js'
import { type PromptSchedule, promptSchedule } from '../prompt/schedule.js'
import { concat, slice } from '../tensor.js'
import type { ClipTokenizer } from '../tokenizer/clip.js'
import type { Call } from './callOptions.js'
import type { EncodedPrompt } from './encodePrompt.js'

/** A call's prompts in the syntax of stable-diffusion-webui (A1111). As there, a negative prompt skips layers too, and `AND` is but a word in it. */
export async function encodeScheduled(
  pipeline: { tokenizer: ClipTokenizer; textEncoder: CLIPTextModel },
  call: Call,
  total: number,
): Promise<EncodedPrompt> {
  const composed = call.prompts!.map(splitComposable)
  const isComposed = composed.some(([[, weight], ...others]) => weight !== 1 || others.length > 0)
  const isGuided = isComposed || call.guidanceScale > 1
  const negatives = isGuided ? call.negativePrompts.map(text => promptSchedule(text, total)) : []
  const positives = composed.map(parts => parts.map(([text]) => promptSchedule(text, total)))
  const texts = [...new Set([...negatives, ...positives.flat()].flat().map(([, text]) => text))]
  const { clipSkip, signal, device, crossAttentionKwargs } = call
  const options = { clipSkip, loraScale: crossAttentionKwargs?.scale, signal, device }
  const embeds = await encodeWeighted(texts, pipeline, options)

  const ofPictures = <T>(ofPrompts: T[]) => ofPrompts.flatMap(one => Array<T>(call.numImagesPerPrompt).fill(one))
  const schedules = [...ofPictures(negatives), ...ofPictures(positives).flat()]
  return {
    isGuided,
    parts: ofPictures(composed).flatMap((parts, picture) => parts.map(([, weight]) => ({ picture, weight }))),
    at(step) {
      const indices = schedules.map(schedule => texts.indexOf(textAt(schedule, step)))
      return concat(indices.map(i => slice(embeds, i, i + 1)))
    },
  }
}

/** Steps that are counted from 0 here are held against ends that are counted from 1, so that the first text lasts a step longer: as the web UI does. */
function textAt(schedule: PromptSchedule, step: number): string {
  const [, text] = schedule.find(([until]) => step <= until) ?? schedule.at(-1)!
  return text
}
