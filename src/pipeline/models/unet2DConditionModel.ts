import { InvalidOptionError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import type { Weights } from '../weights/safetensors.js'
import { network, type Placement } from './network.js'
import { type UNetConfig, unetCheckpoint, unetGraph } from './unet.js'

/**
 * The conditional U-Net, callable as in diffusers.
 * @param sample noisy latents, [batch, inChannels, height/8, width/8], NCHW, after `scaleModelInput`
 * @param timestep 0…999
 * @param options.encoderHiddenStates [batch, tokens, crossAttentionDim]
 * @returns `sample` of the input's shape: noise, velocity or picture, as the scheduler's `predictionType` says
 */
export interface UNet2DConditionModel {
  (
    sample: Tensor,
    timestep: number,
    options: { encoderHiddenStates: Tensor; signal?: AbortSignal },
  ): Promise<{ sample: Tensor }>
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
    { encoderHiddenStates, signal }: { encoderHiddenStates: Tensor; signal?: AbortSignal },
  ) {
    const [batch, channels, height, width] = sample.dims
    const [textBatch, sequenceLength] = encoderHiddenStates.dims
    if (sample.dims.length !== 4 || channels !== config.inChannels)
      throw new InvalidOptionError(
        `sample must be [batch, ${config.inChannels}, height, width], got [${sample.dims.join(', ')}]`,
      )
    if (encoderHiddenStates.dims.length !== 3 || textBatch !== batch)
      throw new InvalidOptionError(
        `encoderHiddenStates must be [${batch}, tokens, features], got [${encoderHiddenStates.dims.join(', ')}]`,
      )
    const time: Tensor = { type: 'float32', dims: [1], data: Float32Array.of(timestep) }
    const inputs = { sample, timestep: time, encoder_hidden_states: encoderHiddenStates }
    const output = await unet.run({ batch, height, width, sequenceLength }, inputs, signal)
    return { sample: output.out_sample }
  }
  return Object.assign(forward, { config, placement, release: unet.release })
}
