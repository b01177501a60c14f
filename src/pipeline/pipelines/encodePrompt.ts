import type { CLIPTextModel } from '../models/clipTextModel.js'
import { concat, repeatItems, slice, type Tensor } from '../tensor.js'
import { type ClipTokenizer, truncationWarning } from '../tokenizer/clip.js'
import type { Call } from './callOptions.js'
import { encodeScheduled } from './encodeScheduled.js'

/** What the network is told, one text for each item of its batch. */
export interface EncodedPrompt {
  /** whether there is a negative text a picture, before all others */
  isGuided: boolean
  /** of each other text, which picture it is for, and how much it counts: as a rule one a picture, 1 */
  parts: readonly { picture: number; weight: number }[]
  /** [texts, tokens, features] at a step, counted from 0 */
  at(step: number): Tensor
}

/** What each text is for, of something that there is one of a picture. */
export function batchOf(pictures: Tensor, { isGuided, parts }: Pick<EncodedPrompt, 'isGuided' | 'parts'>): Tensor {
  const ofParts = parts.map(({ picture }) => slice(pictures, picture, picture + 1))
  return concat(isGuided ? [pictures, ...ofParts] : ofParts)
}

/** @param total how many steps there are */
export function encodePrompt(
  pipeline: { tokenizer: ClipTokenizer; textEncoder: CLIPTextModel },
  call: Call,
  total: number,
): Promise<EncodedPrompt> {
  return call.promptSyntax === 'a1111' ? encodeScheduled(pipeline, call, total) : encodePlain(pipeline, call)
}

async function encodePlain(
  { tokenizer, textEncoder }: { tokenizer: ClipTokenizer; textEncoder: CLIPTextModel },
  call: Call,
): Promise<EncodedPrompt> {
  const encode = async (prompts: string[], clipSkip: number): Promise<Tensor> => {
    const { inputIds, truncated } = tokenizer(prompts)
    if (truncated) console.warn(truncationWarning(tokenizer, truncated))
    const { signal, device, crossAttentionKwargs } = call
    const options = { clipSkip, loraScale: crossAttentionKwargs?.scale, signal, device }
    return (await textEncoder(inputIds, options)).lastHiddenState
  }
  const parts = Array.from({ length: call.batch }, (_, picture) => ({ picture, weight: 1 }))
  const positive = repeatItems(
    call.promptEmbeds ?? (await encode(call.prompts!, call.clipSkip)),
    call.numImagesPerPrompt,
  )
  if (call.guidanceScale <= 1) return { isGuided: false, parts, at: () => positive }
  // As diffusers does: the negative prompt skips no layers.
  const negative = call.negativePromptEmbeds ?? (await encode(call.negativePrompts, 0))
  const both = concat([repeatItems(negative, call.numImagesPerPrompt), positive])
  return { isGuided: true, parts, at: () => both }
}
