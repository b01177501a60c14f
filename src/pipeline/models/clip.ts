import { InvalidOptionError } from '../errors.js'
import type { LayerAdapters } from '../onnx/adapters.js'
import type { ModelGraph, Value } from '../onnx/graph.js'
import { type LayerOptions, Layers } from '../onnx/layers.js'
import type { WeightPath } from '../onnx/weightPath.js'
import type { Weights, WeightTensor } from '../weights/safetensors.js'
import { checkpoint, recordWeightShapes, type WeightShapes } from './checkpoint.js'
import type { ClipTextConfig } from './clipConfig.js'
import { clipEncoderLayer } from './clipEncoder.js'

export { type ClipTextConfig, parseClipTextConfig } from './clipConfig.js'

export interface ClipTextShape {
  batch: number
  sequenceLength: number
  /** layers left out before the last; `last_hidden_state` is then what the layer before them gives, after the final norm */
  clipSkip?: number
  /** with scales there is an input `adapter_scales`, float32, of that length */
  adapters?: LayerAdapters
  /** rows of the token table after its last */
  added?: AddedRows
}

/** Vectors that a textual inversion adds to the token table, each [rows, hiddenSize]; the table itself stays where it is. */
export interface AddedRows {
  tensors: readonly WeightTensor[]
}

/**
 * transformers `CLIPTextModel` for one shape.
 * Input `input_ids`, int32 [batch, sequenceLength]. Outputs, float32: `last_hidden_state` [batch, sequenceLength,
 * hiddenSize], after the final norm; `pooled` [batch, hiddenSize], the state of the end token without clipSkip;
 * `text_embeds` [batch, projectionDim] where the checkpoint has a `text_projection`.
 * @throws CorruptWeightsError  when the weights are not exactly those that the configuration asks for
 * @throws InvalidOptionError  for a clipSkip of more layers than there are
 * @see Radford et al. 2021, section 2.4
 */
export function clipTextGraph(
  config: ClipTextConfig,
  weights: Weights,
  shape: ClipTextShape,
  options: LayerOptions,
): ModelGraph {
  const g = layers({ ...options, adapters: shape.adapters })
  clipText(g, config, clipTextCheckpoint(config, weights), shape, projects(config, weights))
  return g.build()
}

/** The state dict's root. @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function clipTextCheckpoint(config: ClipTextConfig, weights: Weights): WeightPath {
  return checkpoint(weights, weightShapes(config, projects(config, weights)), currentKey)
}

const projects = (config: ClipTextConfig, weights: Weights): boolean =>
  weights.has('text_projection.weight') && config.projectionDim !== null

/** Every weight of a configuration: key → shape, as transformers 5 saves them. */
export function clipTextWeightShapes(config: ClipTextConfig): WeightShapes {
  return weightShapes(config, false)
}

function weightShapes(config: ClipTextConfig, projects: boolean): WeightShapes {
  const shape = { batch: 1, sequenceLength: 1 }
  return recordWeightShapes(p => clipText(layers({ provider: 'cpu' }), config, p, shape, projects))
}

/** Files of transformers before 5 have a prefix, and some the positions 0, 1, 2, …, which are no weight. */
function currentKey(key: string): string | undefined {
  const name = key.replace(/^text_model\./, '')
  return name === 'embeddings.position_ids' ? undefined : name
}

/** 77 tokens: attention takes no time here, and its plain form with a mask runs the same on every device. */
function layers(options: Omit<LayerOptions, 'attention'>): Layers {
  return new Layers({ ...options, attention: { kind: 'plain' } })
}

function clipText(g: Layers, config: ClipTextConfig, p: WeightPath, shape: ClipTextShape, projects: boolean): void {
  const { batch, sequenceLength, clipSkip = 0 } = shape
  const skipTo = config.numHiddenLayers - clipSkip
  if (!Number.isInteger(clipSkip) || clipSkip < 0 || skipTo < 0)
    throw new InvalidOptionError(`clipSkip must be a whole number from 0 to ${config.numHiddenLayers}, got ${clipSkip}`)
  const finalNorm = (x: Value) => g.layerNorm(x, p.at('final_layer_norm'), config.eps)

  const ids = g.inputIds('input_ids', [batch, sequenceLength])
  const mask = causalMask(g, sequenceLength)
  const states = [embed(g, config, ids, p.at('embeddings'), shape.added)]
  for (let i = 0; i < config.numHiddenLayers; i++) {
    states.push(clipEncoderLayer(g, config, states[i], p.at('encoder', 'layers', i), mask))
  }
  const last = finalNorm(states[config.numHiddenLayers])
  const pooled = gatherToken(g, last, endToken(g, config, ids))
  g.output('last_hidden_state', clipSkip === 0 ? last : finalNorm(states[skipTo]))
  g.output('pooled', pooled)
  if (projects)
    g.output('text_embeds', g.linear(pooled, p.at('text_projection'), config.projectionDim!, { bias: false }))
}

function embed(g: Layers, config: ClipTextConfig, ids: Value, p: WeightPath, added?: AddedRows): Value {
  const { vocabSize, hiddenSize, maxPositionEmbeddings } = config
  const sequenceLength = ids.shape[1]
  if (sequenceLength > maxPositionEmbeddings)
    throw new InvalidOptionError(`expected at most ${maxPositionEmbeddings} tokens, got ${sequenceLength}`)
  const table = (ids: Value) => g.embedding(ids, p.at('token_embedding'), vocabSize, hiddenSize)
  const tokens = added ? withAdded(g, table, ids, vocabSize, added) : table(ids)
  const rows = [0, sequenceLength] as const
  return g.add(tokens, g.weight(p.at('position_embedding'), 'weight', [maxPositionEmbeddings, hiddenSize], rows))
}

/** Ids from `vocabSize` on are those of the added rows. */
function withAdded(
  g: Layers,
  table: (ids: Value) => Value,
  ids: Value,
  vocabSize: number,
  { tensors }: AddedRows,
): Value {
  const integer = (value: number) => g.cast(g.graph.constant('int64', [value], []), 'int32')
  const rows = g.concat(
    tensors.map((tensor, i) => g.cast(g.graph.external(`added rows ${i}`, tensor), g.precision)),
    0,
  )
  const own = table(g.node('Min', [ids, integer(vocabSize - 1)], ids.shape))
  const place = g.node('Max', [g.node('Sub', [ids, integer(vocabSize)], ids.shape), integer(0)], ids.shape)
  const other = g.node('Gather', [rows, place], own.shape, { attributes: { axis: 0 } })
  const isOwn = g.node('Less', [ids, integer(vocabSize)], ids.shape, { dtype: 'bool' })
  const condition = g.reshape(isOwn, [...ids.shape, 1])
  return g.node('Where', [condition, own, other], own.shape, { dtype: own.dtype })
}

/** 0 where a token may look, on itself and those before it; a number half precision still holds elsewhere. */
function causalMask(g: Layers, length: number): Value {
  const mask = Array.from({ length: length * length }, (_, i) => (i % length > Math.floor(i / length) ? -65504 : 0))
  return g.cast(g.graph.constant('float32', mask, [1, length, length]), g.precision)
}

/**
 * Where each sequence ends: its first eos. Files from before the eos was recorded right say 2; there it is the largest
 * id, so transformers takes that. @returns int64 [batch, 1]
 */
function endToken(g: Layers, { eosTokenId }: ClipTextConfig, ids: Value): Value {
  const eos = () => g.cast(g.graph.constant('int64', [eosTokenId]), 'int32')
  const marks = eosTokenId === 2 ? ids : g.cast(g.node('Equal', [ids, eos()], ids.shape, { dtype: 'bool' }), 'int32')
  const attributes = { axis: 1, keepdims: 1 }
  return g.node('ArgMax', [marks], [ids.shape[0], 1], { attributes, dtype: 'int64' })
}

function gatherToken(g: Layers, states: Value, positions: Value): Value {
  const [batch, , channels] = states.shape
  return g.node('GatherND', [states, positions], [batch, channels], { attributes: { batch_dims: 1 } })
}
