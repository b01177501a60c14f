import { InvalidOptionError } from '../errors.js'
import { checkedTensor, type Tensor } from '../tensor.js'
import type { Weights } from '../weights/safetensors.js'
import { network, type Placement, type RunOptions } from './network.js'
import { type UNetConfig, unetCheckpoint, unetGraph } from './unet.js'

/**
 * The conditional U-Net, callable as in diffusers.
 * @param sample noisy latents, [batch, inChannels, height/8, width/8], NCHW, after `scaleModelInput`
 * @param timestep 0…999
 * @param options.encoderHiddenStates [batch, tokens, crossAttentionDim]
 * @returns `sample` of the input's shape: noise, velocity or picture, as the scheduler's `predictionType` says
 */
export interface UNet2DConditionModel {
  (sample: Tensor, timestep: number, options: { encoderHiddenStates: Tensor } & RunOptions): Promise<{ sample: Tensor }>
  readonly config: UNetConfig
  readonly placement: Placement
  release(): Promise<void>
}

/** @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function unet2DConditionModel(config: UNetConfig, weights: Weights, placement: Placement): UNet2DConditionModel {
  unetCheckpoint(config, weights)
  const unet = network('unet', placement, (shape: Parameters<typeof unetGraph>[2], layers) =>
    unetGraph(config, weights, shape, layers),
  )
  async function forward(
    sample: Tensor,
    timestep: number,
    { encoderHiddenStates, ...options }: { encoderHiddenStates: Tensor } & RunOptions,
  ) {
    const latents = checkedTensor('sample', sample, ['batch', config.inChannels, 'height', 'width'])
    const [batch, , height, width] = latents.dims
    const text = checkedTensor('encoderHiddenStates', encoderHiddenStates, [batch, 'tokens', config.crossAttentionDim])
    const [, sequenceLength] = text.dims
    if (!Number.isFinite(timestep)) throw new InvalidOptionError(`timestep must be a number, got ${timestep}`)
    const time: Tensor = { type: 'float32', dims: [1], data: Float32Array.of(timestep) }
    const inputs = { sample: latents, timestep: time, encoder_hidden_states: text }
    const output = await unet.run({ batch, height, width, sequenceLength }, inputs, options)
    return { sample: output.out_sample }
  }
  return Object.assign(forward, { config, placement, release: unet.release })
}
