import type { OriginalFamily } from './originalFamily.js'

type Config = Record<string, unknown>

/**
 * The configurations, as config.json has them, of a checkpoint that holds weights alone: those of the hub's repositories that diffusers takes for
 * it (stable-diffusion-v1-5, stable-diffusion-2-1, stable-diffusion-2-1-base and their inpainting models).
 */
export function originalConfigs({ version, channels, prediction }: OriginalFamily): {
  unet: Config
  vae: Config
  text_encoder: Config
  scheduler: Config
} {
  const side = prediction === 'v_prediction' ? 96 : 64
  return {
    unet: {
      ...(version === 1 ? unet1 : unet2),
      in_channels: channels,
      sample_size: side,
      upcast_attention: side === 96,
    },
    vae: { ...vae, sample_size: 8 * side },
    text_encoder: version === 1 ? clipLarge : openClipHuge,
    scheduler: prediction === 'v_prediction' ? ddim : pndm,
  }
}

/** The same of a ControlNet; that of 2.x computes its attention in float32, since its names do not tell which of the two models it is for. */
export function originalControlNetConfig({ version, channels }: Pick<OriginalFamily, 'version' | 'channels'>): Config {
  const { _class_name, out_channels, ...shared } = version === 1 ? unet1 : unet2
  return { ...shared, _class_name: 'ControlNetModel', in_channels: channels, upcast_attention: version === 2 }
}

const unet1 = {
  _class_name: 'UNet2DConditionModel',
  attention_head_dim: 8,
  block_out_channels: [320, 640, 1280, 1280],
  cross_attention_dim: 768,
  layers_per_block: 2,
  out_channels: 4,
}

const unet2 = { ...unet1, attention_head_dim: [5, 10, 20, 20], cross_attention_dim: 1024, use_linear_projection: true }

const vae = {
  _class_name: 'AutoencoderKL',
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array(4).fill('DownEncoderBlock2D'),
  latent_channels: 4,
  layers_per_block: 2,
  scaling_factor: 0.18215,
  up_block_types: Array(4).fill('UpDecoderBlock2D'),
}

/** openai/clip-vit-large-patch14 */
const clipLarge = {
  model_type: 'clip_text_model',
  eos_token_id: 2,
  hidden_act: 'quick_gelu',
  hidden_size: 768,
  intermediate_size: 3072,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  projection_dim: 768,
  vocab_size: 49408,
}

/** OpenCLIP ViT-H/14 without its last layer */
const openClipHuge = {
  ...clipLarge,
  hidden_act: 'gelu',
  hidden_size: 1024,
  intermediate_size: 4096,
  num_attention_heads: 16,
  num_hidden_layers: 23,
  projection_dim: 512,
}

const noise = {
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  steps_offset: 1,
  trained_betas: null,
}

const pndm = { _class_name: 'PNDMScheduler', ...noise, prediction_type: 'epsilon', skip_prk_steps: true }

const ddim = { _class_name: 'DDIMScheduler', ...noise, prediction_type: 'v_prediction', clip_sample: false }
