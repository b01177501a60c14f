import type { ControlNetConfig } from './controlNetConfig.js'
import type { UNetConfig } from './unetConfig.js'
import type { VaeConfig } from './vaeConfig.js'

// What the weights of diffusers and transformers are called in a checkpoint of the original repositories: CompVis' latent-diffusion, OpenCLIP.
// Rombach et al. 2022; names as diffusers `loaders/single_file_utils.py` has them. Each takes a weight's key, or the path of a layer.

/** Within `model.diffusion_model.`; blocks are counted through, each layer with what follows it. */
export function originalUNetName(key: string, { blocks, upBlocks }: UNetConfig): string {
  const perBlock = blocks[0].layers + 1
  const [head, level, kind, index] = key.split('.')
  const place = (...names: (string | number)[]) => [...names, ...key.split('.').slice(4)].join('.')
  const at = Number(level) * perBlock + Number(index)
  switch (head) {
    case 'down_blocks':
      if (kind === 'downsamplers')
        return key.replace(/^.*\.conv/, `input_blocks.${(Number(level) + 1) * perBlock}.0.op`)
      return inBlock(place('input_blocks', 1 + at, kind === 'resnets' ? 0 : 1))
    case 'up_blocks':
      if (kind === 'upsamplers') {
        const last = (Number(level) + 1) * perBlock - 1
        return place('output_blocks', last, upBlocks[Number(level)].attention ? 2 : 1)
      }
      return inBlock(place('output_blocks', at, kind === 'resnets' ? 0 : 1))
    case 'mid_block': {
      const [, , layer, ...rest] = key.split('.')
      return inBlock(['middle_block', level === 'resnets' ? 2 * Number(layer) : 1, ...rest].join('.'))
    }
    default:
      return renamed(key, {
        'time_embedding.linear_1': 'time_embed.0',
        'time_embedding.linear_2': 'time_embed.2',
        conv_in: 'input_blocks.0.0',
        conv_norm_out: 'out.0',
        conv_out: 'out.2',
      })
  }
}

/** Within `control_model.`: a U-Net's way down, and what Zhang et al. 2023 put beside it. */
export function originalControlNetName(key: string, { unet, conditioningEmbedding }: ControlNetConfig): string {
  const blocks = 2 * (conditioningEmbedding.length - 1)
  return key.startsWith('controlnet_')
    ? key
        .replace('controlnet_cond_embedding.conv_in', 'input_hint_block.0')
        .replace(/^controlnet_cond_embedding\.blocks\.(\d+)/, (_, i: string) => `input_hint_block.${2 * Number(i) + 2}`)
        .replace('controlnet_cond_embedding.conv_out', `input_hint_block.${2 * blocks + 2}`)
        .replace(/^controlnet_down_blocks\.(\d+)/, 'zero_convs.$1.0')
        .replace('controlnet_mid_block', 'middle_block_out.0')
    : originalUNetName(key, unet)
}

/** The layers of a ResNet block; those of a transformer are called the same. */
function inBlock(key: string): string {
  if (key.includes('.transformer_blocks.')) return key
  return renamed(key, {
    norm1: 'in_layers.0',
    conv1: 'in_layers.2',
    norm2: 'out_layers.0',
    conv2: 'out_layers.3',
    time_emb_proj: 'emb_layers.1',
    conv_shortcut: 'skip_connection',
  })
}

/** Within `first_stage_model.`; the decoder's blocks are counted from its output. */
export function originalVaeName(key: string, { blockOutChannels }: VaeConfig): string {
  return renamed(
    key
      .replace(/\.down_blocks\.(\d+)\.resnets/, '.down.$1.block')
      .replace(/\.down_blocks\.(\d+)\.downsamplers\.0/, '.down.$1.downsample')
      .replace(
        /\.up_blocks\.(\d+)\.(resnets|upsamplers\.0)/,
        (_, level: string, kind: string) =>
          `.up.${blockOutChannels.length - 1 - Number(level)}.${kind === 'resnets' ? 'block' : 'upsample'}`,
      )
      .replace(/\.mid_block\.resnets\.(\d)/, (_, i: string) => `.mid.block_${Number(i) + 1}`)
      .replace('.mid_block.attentions.0', '.mid.attn_1'),
    {
      conv_norm_out: 'norm_out',
      conv_shortcut: 'nin_shortcut',
      group_norm: 'norm',
      to_q: 'q',
      to_k: 'k',
      to_v: 'v',
      'to_out.0': 'proj_out',
    },
  )
}

/**
 * Within `cond_stage_model.model.` of a model with OpenCLIP's text encoder, whose projections to queries, keys and values are one.
 * @returns of such a weight, `third`: 0, 1 or 2, the part of its rows
 */
export function openClipName(key: string): { name: string; third?: number } {
  const third = ['q_proj', 'k_proj', 'v_proj'].findIndex(name => key.includes(`.self_attn.${name}.`))
  const name = renamed(key.replace('encoder.layers.', 'transformer.resblocks.'), {
    'embeddings.token_embedding': 'token_embedding',
    'embeddings.position_embedding.weight': 'positional_embedding',
    final_layer_norm: 'ln_final',
    layer_norm1: 'ln_1',
    layer_norm2: 'ln_2',
    'mlp.fc1': 'mlp.c_fc',
    'mlp.fc2': 'mlp.c_proj',
    self_attn: 'attn',
  })
  return third === -1 ? { name } : { name: name.replace(/\.[qkv]_proj\.(\w+)$/, '.in_proj_$1'), third }
}

/** Whole words between dots, or several, replaced. */
function renamed(key: string, names: Record<string, string>): string {
  let dotted = `.${key}.`
  for (const [from, to] of Object.entries(names)) dotted = dotted.replace(`.${from}.`, `.${to}.`)
  return dotted.slice(1, -1)
}
