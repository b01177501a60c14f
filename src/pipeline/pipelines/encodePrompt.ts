import type { CLIPTextModel } from '../models/clipTextModel.js'
import { concat, repeatItems, type Tensor } from '../tensor.js'
import { type ClipTokenizer, truncationWarning } from '../tokenizer/clip.js'
import type { Call } from './callOptions.js'

/** @returns [pictures, tokens, features]; with guidance [2 × pictures, …], the negative half first */
export async function encodePrompt(
  { tokenizer, textEncoder }: { tokenizer: ClipTokenizer; textEncoder: CLIPTextModel },
  call: Call,
): Promise<Tensor> {
  const encode = async (prompts: string[], clipSkip: number): Promise<Tensor> => {
    const { inputIds, truncated } = tokenizer(prompts)
    if (truncated) console.warn(truncationWarning(tokenizer, truncated))
    const { signal, device, crossAttentionKwargs } = call
    const options = { clipSkip, loraScale: crossAttentionKwargs?.scale, signal, device }
    return (await textEncoder(inputIds, options)).lastHiddenState
  }
  const positive = repeatItems(
    call.promptEmbeds ?? (await encode(call.prompts!, call.clipSkip)),
    call.numImagesPerPrompt,
  )
  if (call.guidanceScale <= 1) return positive
  // As diffusers does: the negative prompt skips no layers.
  const negative = call.negativePromptEmbeds ?? (await encode(call.negativePrompts, 0))
  return concat([repeatItems(negative, call.numImagesPerPrompt), positive])
}
