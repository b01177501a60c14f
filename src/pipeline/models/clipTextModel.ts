import { InvalidOptionError } from '../errors.js'
import { concat, type Tensor } from '../tensor.js'
import type { Weights } from '../weights/safetensors.js'
import { type ClipTextConfig, clipTextCheckpoint, clipTextGraph, parseClipTextConfig } from './clip.js'
import { loadPart, type PartOptions } from './loadPart.js'
import { network, type Placement, type RunOptions } from './network.js'
import { type NetworkAdapters, networkAdapters } from './networkAdapters.js'

/**
 * CLIP's text encoder, callable as in transformers.
 * @param inputIds one list of token ids a prompt, all of one length
 * @param options.loraScale of all adapters that are not fused (1)
 * @param options.clipSkip layers left out before the last, 0 or more: 1 takes the states of the last layer but one
 * @returns `lastHiddenState` [batch, tokens, hiddenSize], after the final layer norm; `textEmbeds` [batch, hiddenSize],
 *   the state of the end token; [batch, projectionDim], projected, where the model has a projection
 */
export interface CLIPTextModel {
  (
    inputIds: readonly (readonly number[])[],
    options?: TextOptions,
  ): Promise<{ lastHiddenState: Tensor; textEmbeds: Tensor }>
  readonly config: ClipTextConfig
  readonly placement: Placement
  /** LoRA and its like; the pipeline's methods load and weigh them */
  readonly adapters: NetworkAdapters
  release(): Promise<void>
}

interface TextOptions extends RunOptions {
  clipSkip?: number
  /** of all adapters that are not fused (1) */
  loraScale?: number
}

export const CLIPTextModel = {
  /**
   * @param source its folder or hub repository; a pipeline's, with `subfolder: 'text_encoder'`
   * @throws InvalidOptionError, ModelNotFoundError, UnsupportedModelError, CorruptWeightsError, DeviceUnavailableError
   */
  fromPretrained: (source: string, options: PartOptions = {}): Promise<CLIPTextModel> =>
    loadPart(source, options, ({ config, where, weights, placement }) =>
      clipTextModel(parseClipTextConfig(config, where), weights, placement),
    ),
}

/** @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function clipTextModel(config: ClipTextConfig, weights: Weights, placement: Placement): CLIPTextModel {
  clipTextCheckpoint(config, weights)
  const text = network('textEncoder', placement, (shape: Parameters<typeof clipTextGraph>[2], layers) =>
    clipTextGraph(config, weights, shape, layers),
  )

  const adapters = networkAdapters()

  async function encode(ids: readonly number[], { clipSkip = 0, loraScale, ...options }: TextOptions) {
    const added = adapters.forRun(loraScale)
    const shape = { batch: 1, sequenceLength: ids.length, clipSkip, ...added.shape }
    const inputIds = { type: 'int32' as const, dims: [1, ids.length], data: Int32Array.from(ids) }
    return text.run(shape, { input_ids: inputIds, ...added.inputs }, options)
  }

  async function forward(inputIds: readonly (readonly number[])[], options: TextOptions = {}) {
    checkIds(inputIds, config)
    const states: Record<string, Tensor>[] = []
    for (const ids of inputIds) states.push(await encode(ids, options))
    return {
      lastHiddenState: concat(states.map(state => state.last_hidden_state)),
      textEmbeds: concat(states.map(state => state.text_embeds ?? state.pooled)),
    }
  }
  return Object.assign(forward, { config, placement, adapters, release: text.release })
}

function checkIds(
  inputIds: readonly (readonly number[])[],
  { vocabSize, maxPositionEmbeddings }: ClipTextConfig,
): void {
  if (!Array.isArray(inputIds) || inputIds.length === 0 || !inputIds.every(Array.isArray))
    throw new InvalidOptionError("inputIds must be a list of lists of token ids, a tokenizer's `inputIds`")
  const length = inputIds[0].length
  if (length === 0 || length > maxPositionEmbeddings)
    throw new InvalidOptionError(`inputIds must hold 1 to ${maxPositionEmbeddings} tokens a prompt, got ${length}`)
  const other = inputIds.find(ids => ids.length !== length)
  if (other)
    throw new InvalidOptionError(`inputIds must hold as many tokens for each prompt, got ${length} and ${other.length}`)
  const wrong = inputIds.flat().find(id => !Number.isInteger(id) || id < 0 || id >= vocabSize)
  if (wrong !== undefined) throw new InvalidOptionError(`inputIds must be 0 to ${vocabSize - 1}, got ${wrong}`)
}
