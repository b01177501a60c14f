import type { Activation } from '../onnx/layers.js'
import { ConfigReader } from './config.js'

/** transformers `CLIPTextConfig`. */
export interface ClipTextConfig {
  vocabSize: number
  hiddenSize: number
  intermediateSize: number
  numHiddenLayers: number
  numAttentionHeads: number
  maxPositionEmbeddings: number
  activation: Activation
  eps: number
  eosTokenId: number
  /** of `text_projection`, where the checkpoint has one */
  projectionDim: number | null
}

/** transformers' `ACT2FN` has more. */
const ACTIVATIONS: readonly Activation[] = ['quick_gelu', 'gelu', 'relu', 'silu', 'swish', 'mish']

/**
 * @param json text_encoder/config.json
 * @param where its name, for messages
 * @throws UnsupportedModelError  naming the key and the value that is not run here
 */
export function parseClipTextConfig(json: unknown, where: string): ClipTextConfig {
  const read = new ConfigReader(json, where)
  read.oneOf('model_type', ['clip_text_model'], 'clip_text_model')
  const hiddenSize = read.integer('hidden_size', 512)
  const numAttentionHeads = read.integer('num_attention_heads', 8)
  if (hiddenSize % numAttentionHeads !== 0)
    read.refuse('num_attention_heads', `expected a divisor of "hidden_size", ${hiddenSize}`, numAttentionHeads)
  const projectionDim = read.get('projection_dim', 512)
  const config: ClipTextConfig = {
    hiddenSize,
    numAttentionHeads,
    vocabSize: read.integer('vocab_size', 49408),
    intermediateSize: read.integer('intermediate_size', 2048),
    numHiddenLayers: read.integer('num_hidden_layers', 12, 0),
    maxPositionEmbeddings: read.integer('max_position_embeddings', 77),
    activation: read.oneOf('hidden_act', ACTIVATIONS, 'quick_gelu'),
    eps: read.number('layer_norm_eps', 1e-5),
    eosTokenId: read.integer('eos_token_id', 49407, 0),
    projectionDim: typeof projectionDim === 'number' ? projectionDim : null,
  }
  read.without({ is_decoder: false, is_encoder_decoder: false, add_cross_attention: false })
  read.inert(...INERT)
  read.finish()
  return config
}

/** Of training, of generation, of how transformers returns its results, or of where the file came from. */
const INERT = [
  'architectures',
  'attention_dropout',
  'bos_token_id',
  'chunk_size_feed_forward',
  'dropout',
  'dtype',
  'finetuning_task',
  'id2label',
  'initializer_factor',
  'initializer_range',
  'label2id',
  'output_attentions',
  'output_hidden_states',
  'pad_token_id',
  'prefix',
  'problem_type',
  'return_dict',
  'tie_word_embeddings',
  'torch_dtype',
  'torchscript',
  'transformers_version',
  'use_cache',
]
