import type { Activation } from '../onnx/layers.js'
import { ConfigReader } from './config.js'
import { readActivation } from './configParts.js'

/** diffusers `AutoencoderTiny`. */
export interface TinyVaeConfig {
  inChannels: number
  outChannels: number
  latentChannels: number
  /** of every layer between the first convolution and the last */
  encoderChannels: number
  decoderChannels: number
  /** blocks a stage, from the picture's side to the latents' */
  encoderBlocks: number[]
  /** from the latents' side to the picture's */
  decoderBlocks: number[]
  activation: Activation
  /** latents are multiplied with it after encoding, and divided by it before decoding */
  scalingFactor: number
  shiftFactor: number
  /** latents of ±magnitude become 0…1 about the shift, where they are stored as bytes */
  latentMagnitude: number
  latentShift: number
}

/**
 * @param json config.json
 * @param where its name, for messages
 * @throws UnsupportedModelError  naming the key and the value that is not run here
 */
export function parseTinyVaeConfig(json: unknown, where: string): TinyVaeConfig {
  const read = new ConfigReader(json, where)
  read.oneOf('_class_name', ['AutoencoderTiny'], 'AutoencoderTiny')
  const tower = (name: string, blocksByDefault: number[]) => {
    const blocks = read.integers(`num_${name}_blocks`, blocksByDefault)
    const channels = read.integers(`${name}_block_out_channels`, [64, 64, 64, 64], blocks.length)
    if (new Set(channels).size > 1)
      read.refuse(`${name}_block_out_channels`, 'one stage takes what the other gives, so all must be alike')
    return { blocks, channels: channels[0] }
  }
  const encoder = tower('encoder', [1, 3, 3, 3])
  const decoder = tower('decoder', [3, 3, 3, 1])
  if (encoder.blocks.length !== decoder.blocks.length)
    read.refuse('num_decoder_blocks', `expected ${encoder.blocks.length} stages, as many as the encoder has`)
  read.oneOf('upsampling_scaling_factor', [2], 2)
  read.oneOf('upsample_fn', ['nearest'], 'nearest')
  const config: TinyVaeConfig = {
    encoderBlocks: encoder.blocks,
    encoderChannels: encoder.channels,
    decoderBlocks: decoder.blocks,
    decoderChannels: decoder.channels,
    inChannels: read.integer('in_channels', 3),
    outChannels: read.integer('out_channels', 3),
    latentChannels: read.integer('latent_channels', 4),
    activation: readActivation(read, 'act_fn', 'relu')!,
    scalingFactor: read.number('scaling_factor', 1),
    shiftFactor: read.number('shift_factor', 0),
    latentMagnitude: read.number('latent_magnitude', 3),
    latentShift: read.number('latent_shift', 0.5),
  }
  for (const key of ['scaling_factor', 'latent_magnitude'])
    if (read.get(key) === 0) read.refuse(key, 'expected a number other than 0')
  read.inert('block_out_channels', 'force_upcast') // diffusers writes them, and looks at neither
  read.finish()
  return config
}
