import { InvalidOptionError } from '../errors.js'
import { concat, type Tensor } from '../tensor.js'
import type { Weights, WeightTensor } from '../weights/safetensors.js'
import { type AddedRows, type ClipTextConfig, clipTextCheckpoint, clipTextGraph, parseClipTextConfig } from './clip.js'
import { parseClipConfig } from './clipConfig.js'
import { loadPart, type PartOptions } from './loadPart.js'
import { network, type Part, type Placement, type RunOptions } from './network.js'
import { type NetworkAdapters, networkAdapters } from './networkAdapters.js'

/**
 * CLIP's text encoder, callable as in transformers.
 * @param inputIds one list of token ids a prompt, all of one length
 * @param options.loraScale of all adapters that are not fused (1)
 * @param options.clipSkip layers left out before the last, 0 or more: 1 takes the states of the last layer but one
 * @returns `lastHiddenState` [batch, tokens, hiddenSize], after the final layer norm; `textEmbeds` [batch, hiddenSize],
 *   the state of the end token; [batch, projectionDim], projected, where the model has a projection
 */
export interface CLIPTextModel extends Part<ClipTextConfig> {
  (
    inputIds: readonly (readonly number[])[],
    options?: TextOptions,
  ): Promise<{ lastHiddenState: Tensor; textEmbeds: Tensor }>
  /** LoRA and its like; the pipeline's methods load and weigh them */
  readonly adapters: NetworkAdapters
  /** token → its vectors, [rows, hiddenSize]: ids after the vocabulary's last, in this order; the pipeline's methods load them */
  readonly inversions: ReadonlyMap<string, WeightTensor>
  setInversions(inversions: ReadonlyMap<string, WeightTensor>): void
}

interface TextOptions extends RunOptions {
  clipSkip?: number
  /** of all adapters that are not fused (1) */
  loraScale?: number
}

export const CLIPTextModel = {
  /**
   * @param source its folder or hub repository; a pipeline's, with `subfolder: 'text_encoder'`; a CLIP with both towers, such
   *   as `'openai/clip-vit-large-patch14'`
   * @throws InvalidOptionError, ModelNotFoundError, UnsupportedModelError, CorruptWeightsError, DeviceUnavailableError
   */
  fromPretrained: (source: string, options: PartOptions = {}): Promise<CLIPTextModel> =>
    loadPart(source, options, ({ config, where, weights, placement, source }) => {
      if (config.model_type !== 'clip')
        return clipTextModel(parseClipTextConfig(config, where), weights, placement, source)
      const { text, projectionDim } = parseClipConfig(config, where)
      return clipTextModel({ ...text, projectionDim }, textTower(weights)[0], placement, source)
    }),
}

/** The weights of a CLIP with both towers: those of its text tower, and the others. */
export function textTower(weights: Weights): [text: Weights, others: Weights] {
  const parts: [Weights, Weights] = [new Map(), new Map()]
  for (const [key, weight] of weights) parts[/^text_(model|projection)\./.test(key) ? 0 : 1].set(key, weight)
  return parts
}

/** @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function clipTextModel(
  config: ClipTextConfig,
  weights: Weights,
  placement: Placement,
  source: string,
): CLIPTextModel {
  clipTextCheckpoint(config, weights)
  const text = network('textEncoder', placement, (shape: Parameters<typeof clipTextGraph>[2], layers) =>
    clipTextGraph(config, weights, shape, layers),
  )

  const adapters = networkAdapters()
  let inversions: ReadonlyMap<string, WeightTensor> = new Map()
  let added: AddedRows | undefined
  let vocabSize = config.vocabSize

  function setInversions(given: ReadonlyMap<string, WeightTensor>): void {
    inversions = given
    const tensors = [...given.values()]
    vocabSize = tensors.reduce((size, { shape }) => size + shape[0], config.vocabSize)
    const id = `inversions ${versions++}` // as part of the network's shape: another session
    added = tensors.length > 0 ? Object.assign({ tensors }, { toJSON: () => id }) : undefined
  }

  async function encode(ids: readonly number[], { clipSkip = 0, loraScale, ...options }: TextOptions) {
    const adapted = adapters.forRun(loraScale)
    const shape = { batch: 1, sequenceLength: ids.length, clipSkip, ...adapted.shape, ...(added && { added }) }
    const inputIds = { type: 'int32' as const, dims: [1, ids.length], data: Int32Array.from(ids) }
    return text.run(shape, { input_ids: inputIds, ...adapted.inputs }, options)
  }

  async function forward(inputIds: readonly (readonly number[])[], options: TextOptions = {}) {
    checkIds(inputIds, { ...config, vocabSize })
    const states: Record<string, Tensor>[] = []
    for (const ids of inputIds) states.push(await encode(ids, options))
    return {
      lastHiddenState: concat(states.map(state => state.last_hidden_state)),
      textEmbeds: concat(states.map(state => state.text_embeds ?? state.pooled)),
    }
  }
  const parts = { config, placement, source, adapters, setInversions, release: text.release }
  return Object.defineProperty(Object.assign(forward, parts), 'inversions', { get: () => inversions }) as CLIPTextModel
}

let versions = 0

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
