import { afterEach, describe, expect, test, vi } from 'vitest'
import { UnsupportedModelError } from '../../../src/pipeline/errors.js'
import { parseClipTextConfig } from '../../../src/pipeline/models/clip.js'
import { parseClipConfig, parseClipVisionConfig } from '../../../src/pipeline/models/clipConfig.js'
import { parseControlNetConfig } from '../../../src/pipeline/models/controlNet.js'
import { parseTinyVaeConfig } from '../../../src/pipeline/models/tinyVae.js'
import { parseUNetConfig } from '../../../src/pipeline/models/unet.js'
import { parseVaeConfig } from '../../../src/pipeline/models/vae.js'
import { fixture, signature } from './support.js'

const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {})
afterEach(() => warnings.mockClear())

/** Of training, of generation, and of how transformers returns what it computed. */
const clipInert = [
  '_name_or_path',
  'architectures',
  'attention_dropout',
  'bos_token_id',
  'chunk_size_feed_forward',
  'dtype',
  'id2label',
  'initializer_factor',
  'initializer_range',
  'label2id',
  'output_attentions',
  'output_hidden_states',
  'pad_token_id',
  'problem_type',
  'projection_dim',
  'return_dict',
  'transformers_version',
]

const classes = [
  {
    name: 'UNet2DConditionModel',
    parse: parseUNetConfig,
    // What the blocks run here never look at, in diffusers either.
    inert: [
      'addition_embed_type_num_heads',
      'addition_time_embed_dim',
      'cross_attention_norm',
      'dropout',
      'mid_block_only_cross_attention',
      'projection_class_embeddings_input_dim',
      'resnet_out_scale_factor',
      'resnet_skip_time_act',
    ],
  },
  {
    name: 'ControlNetModel',
    parse: parseControlNetConfig,
    inert: ['addition_embed_type_num_heads', 'addition_time_embed_dim', 'projection_class_embeddings_input_dim'],
  },
  { name: 'AutoencoderKL', parse: parseVaeConfig, inert: ['force_upcast'] },
  { name: 'AutoencoderTiny', parse: parseTinyVaeConfig, inert: ['force_upcast'] },
  {
    name: 'CLIPTextConfig',
    parse: parseClipTextConfig,
    inert: clipInert,
  },
  {
    name: 'CLIPVisionConfig',
    parse: parseClipVisionConfig,
    inert: clipInert.filter(key => key !== 'bos_token_id' && key !== 'pad_token_id'),
  },
]

describe.each(classes)('$name', ({ name, parse, inert }) => {
  test('an empty config is the defaults', () => {
    expect(parse({}, 'config.json')).toEqual(parse(signature(name), 'config.json'))
    expect(warnings).not.toHaveBeenCalled()
  })

  test('every key is read: nonsense in it is refused by its name', () => {
    const accepted = Object.keys(signature(name)).filter(key => {
      try {
        parse({ ...signature(name), [key]: { nonsense: true } }, 'config.json')
        return true
      } catch (error) {
        expect(error).toBeInstanceOf(UnsupportedModelError)
        expect((error as Error).message).toContain(`config.json: "${key}" is {"nonsense":true}; `)
        return false
      }
    })
    expect(accepted).toEqual(inert)
  })

  test('a key that no one knows is refused by its name, unless it is off', () => {
    expect(() => parse({ frequency: 3 }, 'config.json')).toThrow(
      'config.json: "frequency" is 3; no such key is known, and it may change what the model computes: if it does not, take it out',
    )
    expect(parse({ frequency: null, octaves: [], _private: 1 }, 'config.json')).toEqual(parse({}, 'config.json'))
  })

  test('quantized weights are refused', () => {
    expect(() => parse({ quantization_config: { bits: 4 } }, 'config.json')).toThrow(
      'config.json: "quantization_config" is {"bits":4}; quantized weights are not run here',
    )
  })

  test('keys that diffusers filled in itself count as absent', () => {
    const json = { sample_size: 'wrong', hidden_size: 'wrong', _use_default_values: ['sample_size', 'hidden_size'] }
    expect(parse(json, 'config.json')).toEqual(parse({}, 'config.json'))
  })
})

describe('what is refused says why', () => {
  test.each([
    [
      { _class_name: 'UNet3DConditionModel' },
      '"_class_name" is "UNet3DConditionModel"; known here: UNet2DConditionModel',
    ],
    [
      { down_block_types: ['DownBlock2D', 'KDownBlock2D', 'DownBlock2D', 'DownBlock2D'] },
      '"down_block_types[1]" is "KDownBlock2D"; known here: DownBlock2D, CrossAttnDownBlock2D',
    ],
    [{ up_block_types: ['UpBlock2D'] }, '"up_block_types" is ["UpBlock2D"]; expected 4 items, one a block'],
    [{ mid_block_type: 'UNetMidBlock2DSimpleCrossAttn' }, '"mid_block_type" is "UNetMidBlock2DSimpleCrossAttn"; known'],
    [{ block_out_channels: [32, 64] }, '"block_out_channels" is [32,64]; expected 4 items'],
    [{ norm_num_groups: 48 }, '"norm_num_groups" is 48; it does not divide 320'],
    [{ norm_num_groups: null }, '"norm_num_groups" is null; expected a whole number of at least 1'],
    [{ num_attention_heads: 8 }, '"num_attention_heads" is 8; only null is run here'],
    [
      { attention_head_dim: [8, 8] },
      '"attention_head_dim" is [8,8]; expected a whole number of at least 1, or a list of 4',
    ],
    [{ attention_head_dim: 512 }, '"attention_head_dim" is 512; it is the number of heads, more than the 320 channels'],
    [
      { cross_attention_dim: [768, 1024, 768, 768] },
      '"cross_attention_dim" is [768,1024,768,768]; blocks with attention',
    ],
    [{ addition_embed_type: 'text_time' }, '"addition_embed_type" is "text_time"; only null is run here'],
    [{ class_embed_type: 'timestep' }, '"class_embed_type" is "timestep"; only null is run here'],
    [{ num_class_embeds: 1000 }, '"num_class_embeds" is 1000; only null is run here'],
    [{ encoder_hid_dim: 4096 }, '"encoder_hid_dim" is 4096; only null is run here'],
    [{ time_cond_proj_dim: 256 }, '"time_cond_proj_dim" is 256; only null is run here'],
    [{ time_embedding_type: 'fourier' }, '"time_embedding_type" is "fourier"; only "positional" is run here'],
    [{ attention_type: 'gated' }, '"attention_type" is "gated"; only "default" is run here'],
    [{ dual_cross_attention: true }, '"dual_cross_attention" is true; only false is run here'],
    [{ act_fn: 'elu' }, '"act_fn" is "elu"; known here: silu, swish, mish, gelu, relu'],
    [{ downsample_padding: 2 }, '"downsample_padding" is 2; known here: 0, 1'],
    [
      { resnet_time_scale_shift: 'spatial' },
      '"resnet_time_scale_shift" is "spatial"; known here: default, scale_shift',
    ],
    [
      { transformer_layers_per_block: [1, [2, 1], 1, 1] },
      '"transformer_layers_per_block" is [1,[2,1],1,1]; a list a block',
    ],
    [{ conv_in_kernel: 4 }, '"conv_in_kernel" is 4; expected an odd number'],
    [{ freq_shift: 160 }, '"freq_shift" is 160; it divides by'],
    [{ layers_per_block: 0 }, '"layers_per_block" is 0; expected a whole number of at least 1'],
  ])('U-Net %j', (json, message) => {
    expect(() => parseUNetConfig(json, 'unet/config.json')).toThrow(UnsupportedModelError)
    expect(() => parseUNetConfig(json, 'unet/config.json')).toThrow(`unet/config.json: ${message}`)
  })

  test.each([
    [{ down_block_types: ['AttnDownEncoderBlock2D'] }, '"down_block_types[0]" is "AttnDownEncoderBlock2D"; known'],
    [{ block_out_channels: [64, 64] }, '"down_block_types" is ["DownEncoderBlock2D"]; expected 2 items'],
    [{ scaling_factor: null }, '"scaling_factor" is null; expected a number'],
    [{ latents_mean: 'no' }, '"latents_mean" is "no"; expected a list of numbers or null'],
    [{ _latent_rgb_factors: [[1, 2, 3]] }, '"_latent_rgb_factors" is [[1,2,3]]; expected 4 rows of red, green, blue'],
    [
      { _latent_rgb_factors: Array(4).fill([1, 2, 3]), _latent_rgb_factors_bias: [0] },
      '"_latent_rgb_factors_bias" is [0]; expected red, green, blue',
    ],
  ])('VAE %j', (json, message) => {
    const full = { down_block_types: ['DownEncoderBlock2D'], ...json }
    expect(() => parseVaeConfig(full, 'vae/config.json')).toThrow(UnsupportedModelError)
    expect(() => parseVaeConfig(full, 'vae/config.json')).toThrow(`vae/config.json: ${message}`)
  })

  test.each([
    [{ model_type: 'clip' }, '"model_type" is "clip"; known here: clip_text_model'],
    [{ hidden_act: 'gelu_new' }, '"hidden_act" is "gelu_new"; known here: quick_gelu, gelu'],
    [{ num_attention_heads: 7 }, '"num_attention_heads" is 7; expected a divisor of "hidden_size", 512'],
    [{ eos_token_id: [1, 2] }, '"eos_token_id" is [1,2]; expected a whole number'],
  ])('CLIP %j', (json, message) => {
    expect(() => parseClipTextConfig(json, 'text_encoder/config.json')).toThrow(UnsupportedModelError)
    expect(() => parseClipTextConfig(json, 'text_encoder/config.json')).toThrow(`text_encoder/config.json: ${message}`)
  })

  test('a config that is no object', () => {
    expect(() => parseUNetConfig([], 'unet/config.json')).toThrow('unet/config.json: expected an object, got []')
  })
})

test('keys without effect in diffusers have none here', async () => {
  const { config, where } = await fixture('unet-sd1')
  const odd = {
    dropout: 0.5,
    resnet_out_scale_factor: 2,
    resnet_skip_time_act: true,
    cross_attention_norm: 'layer_norm',
  }
  expect(parseUNetConfig({ ...config, ...odd }, where)).toEqual(parseUNetConfig(config, where))
})

test('a CLIP of 2022 names its towers twice: what it says under `_dict` counts, all else is the default', () => {
  const generation = { bad_words_ids: null, num_beams: 1, pruned_heads: {}, temperature: 1, use_bfloat16: false }
  const { text, vision, projectionDim } = parseClipConfig(
    {
      model_type: 'clip',
      projection_dim: 768,
      text_config: { ...generation, eos_token_id: 2, hidden_size: 7 },
      text_config_dict: { hidden_size: 768, num_attention_heads: 12 },
      vision_config: { ...generation, eos_token_id: null, hidden_size: 1024, num_attention_heads: 16, patch_size: 14 },
      vision_config_dict: null,
    },
    'safety_checker/config.json',
  )
  expect([text.hiddenSize, text.eosTokenId, projectionDim]).toEqual([768, 49407, 768])
  expect([vision.hiddenSize, vision.patchSize, vision.imageSize]).toEqual([1024, 14, 224])
  expect(warnings).not.toHaveBeenCalled()
  expect(() => parseClipConfig({ vision_config: { patch_size: 9 } }, 'config.json')).toThrow(
    'config.json: vision_config: "patch_size" is 9; expected a divisor of "image_size", 224',
  )
})

describe('latents as colours', () => {
  const blocks = {
    down_block_types: Array(4).fill('DownEncoderBlock2D'),
    up_block_types: Array(4).fill('UpDecoderBlock2D'),
    block_out_channels: [128, 256, 512, 512],
  }
  const latentRgb = (json: object) => parseVaeConfig(json, 'vae/config.json').latentRgb

  test('of Stable Diffusion 1.x are known, its config says nothing of them', () =>
    expect(latentRgb(blocks)?.factors[0]).toEqual([0.3512, 0.2297, 0.3227]))

  test('of other spaces are not: SDXL’s scale, other blocks', () => {
    expect(latentRgb({ ...blocks, scaling_factor: 0.13025 })).toBeNull()
    expect(latentRgb({ ...blocks, block_out_channels: [32, 64, 64, 64] })).toBeNull()
  })

  test('may stand in the config', () => {
    const factors = Array(4).fill([1, 0, 0])
    const json = { ...blocks, scaling_factor: 2, _latent_rgb_factors: factors, _latent_rgb_factors_bias: [0, 0, 1] }
    expect(latentRgb(json)).toEqual({ factors, bias: [0, 0, 1] })
  })
})
