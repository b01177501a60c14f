import { InvalidOptionError, ModelNotFoundError } from '../errors.js'
import type { LayerOptions } from '../onnx/layers.js'
import { type Device, deviceKind } from '../runtime/engine.js'
import { hasExactInt8 } from '../runtime/exactInt8.js'
import { checkedTensor, type Tensor } from '../tensor.js'
import { int8Weights } from '../weights/int8Weights.js'
import type { Weights } from '../weights/safetensors.js'
import { loadPart, type PartOptions } from './loadPart.js'
import { network, type Part, type Placement, type RunOptions } from './network.js'
import { type NetworkAdapters, networkAdapters } from './networkAdapters.js'
import { originalConfigs } from './originalConfigs.js'
import { partFamily } from './originalFamily.js'
import { loadPartFile, type PartFileOptions } from './partFile.js'
import { unetWeights } from './partWeights.js'
import type { UNetSteering } from './steering.js'
import {
  deepChannels,
  parseUNetConfig,
  residualShapes,
  type UNetConfig,
  type UNetShape,
  unetCheckpoint,
  unetGraph,
  unetInt8Keys,
} from './unet.js'

/**
 * The conditional U-Net, callable as in diffusers.
 * @param sample noisy latents, [batch, inChannels, height/8, width/8], NCHW, after `scaleModelInput`
 * @param timestep 0…999
 * @param options.encoderHiddenStates [batch, tokens, crossAttentionDim]
 * @param options.deepFeature `true`: it is returned beside the sample, [batch, channels, height/8, width/8]; one that an earlier step has
 * returned: only the outermost layer runs, on top of it (DeepCache, Ma, Fang and Wang 2023)
 * @param options.downBlockAdditionalResiduals, options.midBlockAdditionalResidual what ControlNets add to the skip connections and to the
 * middle, given together; beside a deep feature the first of them is all that is needed
 * @param options.int8 the whole network in 8-bit integers where they lose little, on a CPU that is made for them; not for its outermost layer
 * @returns `sample` of the input's shape: noise, velocity or picture, as the scheduler's `predictionType` says
 */
export interface UNet2DConditionModel extends Part<UNetConfig> {
  (sample: Tensor, timestep: number, options: UNetOptions): Promise<{ sample: Tensor; deepFeature?: Tensor }>
  /** LoRA and its like; the pipeline's methods load and weigh them */
  readonly adapters: NetworkAdapters
}

export const UNet2DConditionModel = {
  /**
   * @param source its folder or hub repository; a pipeline's, with `subfolder: 'unet'`
   * @throws InvalidOptionError, ModelNotFoundError, UnsupportedModelError, CorruptWeightsError, DeviceUnavailableError
   */
  fromPretrained: (source: string, options: PartOptions = {}): Promise<UNet2DConditionModel> =>
    loadPart(source, options, ({ config, where, weights, placement, source }) =>
      unet2DConditionModel(parseUNetConfig(config, where), weights, placement, source),
    ),

  /**
   * @param path a `.safetensors` of a U-Net alone, in the original layout or diffusers', or of a whole checkpoint; or its link on the hub
   * @throws as `fromPretrained`
   */
  fromSingleFile: (path: string, options: PartFileOptions = {}): Promise<UNet2DConditionModel> =>
    loadPartFile(path, options, standardConfig, ({ file, config: json, where, weights, placement, source }) => {
      const config = parseUNetConfig(json, where)
      const own = unetWeights(weights, file, config)
      if (!own) throw new ModelNotFoundError(`${file} holds no U-Net`)
      return unet2DConditionModel(config, own, placement, source)
    }),
}

async function standardConfig(weights: Weights, file: string): Promise<Record<string, unknown>> {
  return originalConfigs(await partFamily('a U-Net', weights, file)).unet
}

/** diffusers' `cross_attention_kwargs`, of which the scale of the adapters is run here. */
export interface CrossAttentionKwargs {
  /** times the weights of `setAdapters` (1) */
  scale?: number
}

interface UNetOptions extends RunOptions {
  encoderHiddenStates: Tensor
  downBlockAdditionalResiduals?: readonly Tensor[] | undefined
  midBlockAdditionalResidual?: Tensor | undefined
  /** ControlNets that are to run in its graph, in place of residuals */
  steering?: UNetSteering | undefined
  deepFeature?: Tensor | true
  /** `scale`: of all adapters that are not fused (1) */
  crossAttentionKwargs?: CrossAttentionKwargs
  int8?: boolean
}

/** @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function unet2DConditionModel(
  config: UNetConfig,
  weights: Weights,
  placement: Placement,
  source: string,
): UNet2DConditionModel {
  unetCheckpoint(config, weights)
  const adapters = networkAdapters()
  async function build(shape: UNetShape, layers: LayerOptions, signal?: AbortSignal) {
    const int8 = shape.int8 ? await int8Weights(weights, unetInt8Keys(config), signal) : undefined
    return unetGraph(config, weights, shape, layers, int8)
  }
  const [whole, controlled, outermost] = ['unet', 'unet, controlled', 'unet, outermost'].map(name =>
    network(name, placement, build),
  )

  async function forward(
    sample: Tensor,
    timestep: number,
    {
      encoderHiddenStates,
      deepFeature,
      int8 = false,
      steering,
      downBlockAdditionalResiduals,
      midBlockAdditionalResidual,
      crossAttentionKwargs,
      ...options
    }: UNetOptions,
  ) {
    const latents = checkedTensor('sample', sample, ['batch', config.inChannels, 'height', 'width'])
    const [batch, , height, width] = latents.dims
    const text = checkedTensor('encoderHiddenStates', encoderHiddenStates, [batch, 'tokens', config.crossAttentionDim])
    const [, sequenceLength] = text.dims
    if (!Number.isFinite(timestep)) throw new InvalidOptionError(`timestep must be a number, got ${timestep}`)
    const time: Tensor = { type: 'float32', dims: [1], data: Float32Array.of(timestep) }
    const isPartial = typeof deepFeature === 'object'
    const residuals = checkedResiduals(
      residualShapes(config, { batch, height, width }).slice(0, isPartial ? 1 : undefined),
      [downBlockAdditionalResiduals, midBlockAdditionalResidual],
    )
    const added = adapters.forRun(crossAttentionKwargs?.scale)
    const inputs = {
      ...{ sample: latents, timestep: time, encoder_hidden_states: text },
      ...residuals,
      ...steering?.inputs,
      ...added.inputs,
    }
    const shape = {
      ...{ batch, height, width, sequenceLength },
      ...(residuals && { controlled: true }),
      ...(steering && { steering: steering.graph }),
      ...added.shape,
    }
    if (!isPartial) {
      const form: UNetShape = {
        ...shape,
        ...(deepFeature && { deepFeature: 'told' }),
        ...(int8 && (await bearsInt8(options.device ?? placement.device)) && { int8 }),
      }
      // a slot of its own, since ControlNets may have a say in some of the steps alone
      const output = await (residuals || steering ? controlled : whole).run(form, inputs, options)
      return { sample: output.out_sample, ...(deepFeature && { deepFeature: output.deep_feature }) }
    }
    const deep = checkedTensor('deepFeature', deepFeature, [batch, deepChannels(config), height, width])
    const output = await outermost.run({ ...shape, deepFeature: 'given' }, { ...inputs, deep_feature: deep }, options)
    return { sample: output.out_sample }
  }
  const release = async () => {
    await Promise.all([whole, controlled, outermost].map(each => each.release()))
  }
  return Object.assign(forward, { config, placement, source, adapters, release })
}

async function bearsInt8(device: Device): Promise<boolean> {
  return deviceKind(device) === 'cpu' && (await hasExactInt8(device))
}

/** @param shapes of what is needed: of the skip connections, and last of the middle unless the first alone is */
function checkedResiduals(
  shapes: number[][],
  [down, mid]: [down: readonly Tensor[] | undefined, mid: Tensor | undefined],
): Record<string, Tensor> | undefined {
  if (!down && !mid) return undefined
  const skips = Math.max(shapes.length - 1, 1)
  if (!down || !mid || down.length < skips)
    throw new InvalidOptionError(
      `expected ${skips} downBlockAdditionalResiduals and a midBlockAdditionalResidual, got ${down?.length ?? 0} and ${mid ? 1 : 0}`,
    )
  const named = down.slice(0, skips).map((value, i) => [`down_residual_${i}`, value] as const)
  const all = shapes.length > 1 ? [...named, ['mid_residual', mid] as const] : named
  return Object.fromEntries(all.map(([name, value], i) => [name, checkedTensor(name, value, shapes[i])]))
}
