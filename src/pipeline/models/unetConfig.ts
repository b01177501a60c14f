import type { Activation } from '../onnx/layers.js'
import { ConfigReader } from './config.js'
import { readActivation, readGroups, readSampleSize } from './configParts.js'

/** diffusers `UNet2DConditionModel`, as far as its configurations are run here; one entry a block where diffusers takes one value or a list. */
export interface UNetConfig {
  inChannels: number
  outChannels: number
  /** of the latents: what a pipeline makes by default; [height, width] or one side */
  sampleSize: number | number[] | null
  /** of the text */
  crossAttentionDim: number
  /** from the largest image to the smallest */
  blocks: UNetBlock[]
  midBlock: UNetBlock | null
  /** from the smallest image to the largest */
  upBlocks: UNetBlock[]
  midBlockScale: number
  groups: number
  eps: number
  activation: Activation
  timeChannels: number
  flipSinToCos: boolean
  freqShift: number
  timestepPostActivation: Activation | null
  timeEmbeddingActivation: Activation | null
  timeScaleShift: 'default' | 'scale_shift'
  centerInputSample: boolean
  downsamplePadding: 0 | 1
  convInKernel: number
  convOutKernel: number
  linearProjection: boolean
  upcastAttention: boolean
}

export interface UNetBlock {
  channels: number
  /** ResNet blocks, each with a transformer where there is attention */
  layers: number
  attention: {
    heads: number
    onlyCrossAttention: boolean /** of each ResNet block */
    transformerLayers: number[]
  } | null
}

const DOWN = ['DownBlock2D', 'CrossAttnDownBlock2D', 'UNetResDownBlock2D', 'UNetResCrossAttnDownBlock2D']
const UP = ['UpBlock2D', 'CrossAttnUpBlock2D', 'UNetResUpBlock2D', 'UNetResCrossAttnUpBlock2D']
const MID = ['UNetMidBlock2DCrossAttn', 'UNetMidBlock2D', null]

/**
 * @param json unet/config.json
 * @param where its name, for messages
 * @throws UnsupportedModelError  naming the key and the value that is not run here
 */
export function parseUNetConfig(json: unknown, where: string): UNetConfig {
  const read = new ConfigReader(json, where)
  read.oneOf('_class_name', ['UNet2DConditionModel'], 'UNet2DConditionModel')
  refuseOtherFamilies(read)
  const blocks = readBlocks(read)
  const groups = readGroups(
    read,
    blocks.blocks.map(block => block.channels),
  )
  const firstChannels = blocks.blocks[0].channels
  const timeChannels = read.get('time_embedding_dim', null)
  if (timeChannels !== null && !(Number.isInteger(timeChannels) && (timeChannels as number) >= 0))
    read.refuse('time_embedding_dim', 'expected a whole number or null')
  const config: UNetConfig = {
    ...blocks,
    groups,
    inChannels: read.integer('in_channels', 4),
    outChannels: read.integer('out_channels', 4),
    sampleSize: readSampleSize(read, null),
    midBlockScale: read.number('mid_block_scale_factor', 1),
    eps: read.number('norm_eps', 1e-5),
    activation: readActivation(read, 'act_fn', 'silu')!,
    timeChannels: (timeChannels as number | null) || 4 * firstChannels,
    flipSinToCos: read.boolean('flip_sin_to_cos', true),
    freqShift: read.number('freq_shift', 0),
    timestepPostActivation: readActivation(read, 'timestep_post_act', null),
    timeEmbeddingActivation: readActivation(read, 'time_embedding_act_fn', null),
    timeScaleShift: read.oneOf('resnet_time_scale_shift', ['default', 'scale_shift'], 'default'),
    centerInputSample: read.boolean('center_input_sample', false),
    downsamplePadding: read.oneOf('downsample_padding', [0, 1], 1),
    convInKernel: readKernel(read, 'conv_in_kernel'),
    convOutKernel: readKernel(read, 'conv_out_kernel'),
    linearProjection: read.boolean('use_linear_projection', false),
    upcastAttention: read.boolean('upcast_attention', false),
  }
  if (config.midBlockScale === 0) read.refuse('mid_block_scale_factor', 'expected a number other than 0')
  if (config.freqShift === firstChannels >> 1)
    read.refuse('freq_shift', 'it divides by half the first channels minus this')
  read.finish()
  return config
}

/** Keys of conditionings that belong to other model families, and keys without effect on the blocks known here. */
function refuseOtherFamilies(read: ConfigReader): void {
  read.without({
    addition_embed_type: null,
    attention_type: 'default',
    class_embed_type: null,
    class_embeddings_concat: false,
    dual_cross_attention: false,
    encoder_hid_dim: null,
    encoder_hid_dim_type: null,
    num_attention_heads: null,
    num_class_embeds: null,
    time_cond_proj_dim: null,
    time_embedding_type: 'positional',
  })
  read.inert(
    'dropout', // of training
    'addition_time_embed_dim', // of addition_embed_type text_time
    'addition_embed_type_num_heads', // of addition_embed_type text
    'projection_class_embeddings_input_dim', // of class_embed_type projection
    'cross_attention_norm', // of the SimpleCrossAttn blocks, as the next three
    'mid_block_only_cross_attention',
    'resnet_out_scale_factor',
    'resnet_skip_time_act',
  )
}

function readBlocks(read: ConfigReader): Pick<UNetConfig, 'blocks' | 'midBlock' | 'upBlocks' | 'crossAttentionDim'> {
  const down = read.list('down_block_types', DOWN, [...Array(3).fill('CrossAttnDownBlock2D'), 'DownBlock2D'])
  const count = down.length
  const up = read.list('up_block_types', UP, ['UpBlock2D', ...Array(3).fill('CrossAttnUpBlock2D')], count)
  const mid = read.oneOf('mid_block_type', MID, 'UNetMidBlock2DCrossAttn')
  const channels = read.integers('block_out_channels', [320, 640, 1280, 1280], count)
  const layers = read.perBlock('layers_per_block', count, 2)
  const heads = read.perBlock('attention_head_dim', count, 8)
  const crossDims = read.perBlock('cross_attention_dim', count, 1280)
  const onlyCross = read.perBlock('only_cross_attention', count, false)
  const depths = readTransformerLayers(read, count)

  const attends = (type: string) => type.includes('CrossAttn')
  const used: number[] = []
  const block = (level: number, attention: boolean, depth: Depth, layerCount: number, only: boolean): UNetBlock => {
    if (!attention) return { channels: channels[level], layers: layerCount, attention: null }
    if (heads[level] > channels[level])
      read.refuse(
        'attention_head_dim',
        `it is the number of heads, more than the ${channels[level]} channels of block ${level}`,
      )
    used.push(crossDims[level])
    const transformerLayers = typeof depth === 'number' ? Array<number>(layerCount).fill(depth) : depth
    if (!transformerLayers || transformerLayers.length < layerCount)
      read.refuse('transformer_layers_per_block', `expected ${layerCount} values for block ${level}`)
    return {
      channels: channels[level],
      layers: layerCount,
      attention: { heads: heads[level], onlyCrossAttention: only, transformerLayers },
    }
  }
  const last = count - 1
  const result = {
    blocks: down.map((type, i) => block(i, attends(type), depths.down[i], layers[i], onlyCross[i])),
    midBlock: mid === null ? null : block(last, attends(mid), depths.down.at(-1)!, 1, false),
    upBlocks: up.map((type, i) =>
      block(last - i, attends(type), depths.up[i], layers[last - i] + 1, onlyCross[last - i]),
    ),
  }
  if (new Set(used).size > 1)
    read.refuse('cross_attention_dim', 'blocks with attention read one text, so all must have one value')
  return { ...result, crossAttentionDim: used[0] ?? crossDims[0] }
}

type Depth = number | number[]

/** `transformer_layers_per_block`: one for all, one a block, or a list a block; the way up reversed, or by a key of its own. */
function readTransformerLayers(read: ConfigReader, count: number): { down: Depth[]; up: Depth[] } {
  const isDepth = (value: unknown): value is Depth =>
    [value].flat().every(item => Number.isInteger(item) && (item as number) >= 0)
  const isDepths = (value: unknown): value is Depth[] =>
    Array.isArray(value) && value.length >= count && value.every(isDepth)
  const given = read.get('transformer_layers_per_block', 1)
  const down = typeof given === 'number' && isDepth(given) ? Array<Depth>(count).fill(given) : given
  if (!isDepths(down))
    return read.refuse('transformer_layers_per_block', `expected a whole number, or a list of ${count}, one a block`)
  const up = read.get('reverse_transformer_layers_per_block', null)
  if (up === null) {
    if (down.some(Array.isArray))
      read.refuse('transformer_layers_per_block', 'a list a block needs "reverse_transformer_layers_per_block"')
    return { down, up: down.toReversed() }
  }
  if (!isDepths(up))
    return read.refuse('reverse_transformer_layers_per_block', `expected a list of ${count}, one a block`)
  return { down, up }
}

function readKernel(read: ConfigReader, key: string): number {
  const kernel = read.integer(key, 3)
  return kernel % 2 === 1 ? kernel : read.refuse(key, 'expected an odd number: an even one changes the size')
}
