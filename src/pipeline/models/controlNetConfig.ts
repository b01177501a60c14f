import { ConfigReader } from './config.js'
import { parseUNetConfig, type UNetConfig } from './unetConfig.js'

/** diffusers `ControlNetModel`, as far as its configurations are run here. */
export interface ControlNetConfig {
  /** the U-Net whose first half this is a copy of; of its second half nothing is used */
  unet: UNetConfig
  /** of the picture that it is shown */
  conditioningChannels: number
  /** of the convolutions that bring it to the size of the latents: each but the first halves it */
  conditioningEmbedding: number[]
  channelOrder: 'rgb' | 'bgr'
  /** what it adds is one number a channel, for the whole picture */
  globalPoolConditions: boolean
}

/**
 * @param json controlnet/config.json
 * @param where its name, for messages
 * @throws UnsupportedModelError  naming the key and the value that is not run here
 */
export function parseControlNetConfig(json: unknown, where: string): ControlNetConfig {
  const read = new ConfigReader(json, where)
  read.oneOf('_class_name', ['ControlNetModel'], 'ControlNetModel')
  const config = {
    conditioningChannels: read.integer('conditioning_channels', 3),
    conditioningEmbedding: read.integers('conditioning_embedding_out_channels', [16, 32, 96, 256]),
    channelOrder: read.oneOf('controlnet_conditioning_channel_order', ['rgb', 'bgr'], 'rgb'),
    globalPoolConditions: read.boolean('global_pool_conditions', false),
  }
  const down = read.get('down_block_types', [...Array(3).fill('CrossAttnDownBlock2D'), 'DownBlock2D'])
  if (!Array.isArray(down)) return read.refuse('down_block_types', 'expected a list')
  const up = down.toReversed().map(type => String(type).replace('Down', 'Up'))
  return { ...config, unet: parseUNetConfig({ ...withoutOwn(json as object), up_block_types: up }, where) }
}

const own = new Set([
  '_class_name',
  'conditioning_channels',
  'conditioning_embedding_out_channels',
  'controlnet_conditioning_channel_order',
  'global_pool_conditions',
])

function withoutOwn(json: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).filter(([key]) => !own.has(key)))
}
