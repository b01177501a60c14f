import type { Activation } from '../onnx/layers.js'
import type { ClipEncoderConfig } from './clipEncoder.js'
import { ConfigReader } from './config.js'

/** transformers `CLIPTextConfig`. */
export interface ClipTextConfig extends ClipEncoderConfig {
  vocabSize: number
  maxPositionEmbeddings: number
  eosTokenId: number
  /** of `text_projection`, where the checkpoint has one */
  projectionDim: number | null
}

/** transformers `CLIPVisionConfig`. */
export interface ClipVisionConfig extends ClipEncoderConfig {
  channels: number
  /** px, both ways */
  imageSize: number
  /** px; it divides the image's */
  patchSize: number
}

/** transformers `CLIPConfig`, of models that have both towers. */
export interface ClipConfig {
  text: ClipTextConfig
  vision: ClipVisionConfig
  /** of the space that both are projected into */
  projectionDim: number
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
  const projectionDim = read.get('projection_dim', 512)
  const config: ClipTextConfig = {
    ...readEncoder(read, { hiddenSize: 512, intermediateSize: 2048, numAttentionHeads: 8 }),
    vocabSize: read.integer('vocab_size', 49408),
    maxPositionEmbeddings: read.integer('max_position_embeddings', 77),
    eosTokenId: read.integer('eos_token_id', 49407, 0),
    projectionDim: typeof projectionDim === 'number' ? projectionDim : null,
  }
  read.without({ is_decoder: false, is_encoder_decoder: false, add_cross_attention: false })
  read.inert(...INERT)
  read.finish()
  return config
}

/**
 * @param json a `vision_config`
 * @param where its name, for messages
 * @throws UnsupportedModelError  naming the key and the value that is not run here
 */
export function parseClipVisionConfig(json: unknown, where: string): ClipVisionConfig {
  const read = new ConfigReader(json, where)
  read.oneOf('model_type', ['clip_vision_model'], 'clip_vision_model')
  const config: ClipVisionConfig = {
    ...readEncoder(read, { hiddenSize: 768, intermediateSize: 3072, numAttentionHeads: 12 }),
    channels: read.oneOf('num_channels', [3], 3),
    imageSize: read.integer('image_size', 224),
    patchSize: read.integer('patch_size', 32),
  }
  if (config.imageSize % config.patchSize !== 0)
    read.refuse('patch_size', `expected a divisor of "image_size", ${config.imageSize}`, config.patchSize)
  read.without({ is_decoder: false, is_encoder_decoder: false, add_cross_attention: false })
  read.inert('projection_dim', 'eos_token_id', ...INERT)
  read.finish()
  return config
}

/**
 * @param json config.json of a model with both towers. Old files have `text_config_dict` and `vision_config_dict`, which
 *   transformers takes instead of those without `_dict`.
 * @param where its name, for messages
 * @throws UnsupportedModelError  naming the key and the value that is not run here
 */
export function parseClipConfig(json: unknown, where: string): ClipConfig {
  const read = new ConfigReader(json, where)
  read.oneOf('model_type', ['clip'], 'clip')
  const part = (name: string) => {
    const [plain, dict] = [read.get(`${name}_config`) ?? {}, read.get(`${name}_config_dict`)]
    return [dict ?? plain, `${where}: ${name}_config`] as const
  }
  const config = {
    text: parseClipTextConfig(...part('text')),
    vision: parseClipVisionConfig(...part('vision')),
    projectionDim: read.integer('projection_dim', 512),
  }
  read.inert('logit_scale_init_value', 'eos_token_id', ...INERT)
  read.finish()
  return config
}

function readEncoder(
  read: ConfigReader,
  defaults: Pick<ClipEncoderConfig, 'hiddenSize' | 'intermediateSize' | 'numAttentionHeads'>,
): ClipEncoderConfig {
  const hiddenSize = read.integer('hidden_size', defaults.hiddenSize)
  const numAttentionHeads = read.integer('num_attention_heads', defaults.numAttentionHeads)
  if (hiddenSize % numAttentionHeads !== 0)
    read.refuse('num_attention_heads', `expected a divisor of "hidden_size", ${hiddenSize}`, numAttentionHeads)
  return {
    hiddenSize,
    numAttentionHeads,
    intermediateSize: read.integer('intermediate_size', defaults.intermediateSize),
    numHiddenLayers: read.integer('num_hidden_layers', 12, 0),
    activation: read.oneOf('hidden_act', ACTIVATIONS, 'quick_gelu'),
    eps: read.number('layer_norm_eps', 1e-5),
  }
}

/** Of training, of generation, of how transformers returns its results, or of where the file came from. */
const INERT = [
  'architectures',
  'attention_dropout',
  'bad_words_ids',
  'begin_suppress_tokens',
  'bos_token_id',
  'chunk_size_feed_forward',
  'cross_attention_hidden_size',
  'decoder_start_token_id',
  'diversity_penalty',
  'do_sample',
  'dropout',
  'dtype',
  'early_stopping',
  'encoder_no_repeat_ngram_size',
  'exponential_decay_length_penalty',
  'finetuning_task',
  'forced_bos_token_id',
  'forced_eos_token_id',
  'id2label',
  'initializer_factor',
  'initializer_range',
  'label2id',
  'length_penalty',
  'max_length',
  'min_length',
  'no_repeat_ngram_size',
  'num_beam_groups',
  'num_beams',
  'num_return_sequences',
  'output_attentions',
  'output_hidden_states',
  'output_scores',
  'pad_token_id',
  'prefix',
  'problem_type',
  'pruned_heads',
  'remove_invalid_values',
  'repetition_penalty',
  'return_dict',
  'return_dict_in_generate',
  'sep_token_id',
  'suppress_tokens',
  'task_specific_params',
  'temperature',
  'tf_legacy_loss',
  'tie_encoder_decoder',
  'tie_word_embeddings',
  'tokenizer_class',
  'top_k',
  'top_p',
  'torch_dtype',
  'torchscript',
  'transformers_version',
  'typical_p',
  'use_bfloat16',
  'use_cache',
]
