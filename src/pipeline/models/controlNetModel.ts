import { InvalidOptionError, ModelNotFoundError } from '../errors.js'
import type { Value } from '../onnx/graph.js'
import type { LayerOptions, Layers } from '../onnx/layers.js'
import { checkedTensor, type Tensor } from '../tensor.js'
import type { Weights } from '../weights/safetensors.js'
import {
  type ControlInputs,
  type ControlNetConfig,
  type ControlNetShape,
  conditioningFactor,
  controlNetCheckpoint,
  controlNetGraph,
  controlResiduals,
  parseControlNetConfig,
} from './controlNet.js'
import { loadPart, type PartOptions } from './loadPart.js'
import { network, type Part, type Placement, type RunOptions } from './network.js'
import { originalControlNetConfig } from './originalConfigs.js'
import { partFamily } from './originalFamily.js'
import { loadPartFile, type PartFileOptions } from './partFile.js'
import { controlNetWeights } from './partWeights.js'
import { residualShapes } from './unet.js'

/**
 * What steers a U-Net by a picture, callable as in diffusers.
 * @param sample, timestep, options.encoderHiddenStates as the U-Net's
 * @param options.controlnetCond the picture, [batch, 3, 8 × height, 8 × width], 0…1
 * @param options.conditioningScale what everything it adds is multiplied with (1)
 * @param options.guessMode less for the outer layers than for the inner ones: from a tenth to all (false)
 * @returns what the U-Net takes under these names
 */
export interface ControlNetModel extends Part<ControlNetConfig> {
  (sample: Tensor, timestep: number, options: ControlNetOptions): Promise<ControlNetOutput>
  /** tells it from others */
  readonly id: number
  /** What its residuals are multiplied with, [residuals]. */
  scales(conditioningScale: number, guessMode: boolean): Tensor
  /** Writes it into another graph, its weights under a name of their own; returns values of `residualShapes`. */
  inGraph(g: Layers, name: string, inputs: ControlInputs, isFirstAlone: boolean): Value[]
}

export interface ControlNetOutput {
  /** one for each of the U-Net's skip connections */
  downBlockResSamples: Tensor[]
  midBlockResSample: Tensor
}

interface ControlNetOptions extends RunOptions {
  encoderHiddenStates: Tensor
  controlnetCond: Tensor
  conditioningScale?: number
  guessMode?: boolean
}

export const ControlNetModel = {
  /**
   * @param source its folder or hub repository, such as `'lllyasviel/sd-controlnet-canny'`; a pipeline's, with
   *   `subfolder: 'controlnet'`
   * @throws InvalidOptionError, ModelNotFoundError, UnsupportedModelError, CorruptWeightsError, DeviceUnavailableError
   */
  fromPretrained: (source: string, options: PartOptions = {}): Promise<ControlNetModel> =>
    loadPart(source, options, ({ config, where, weights, placement, source }) =>
      controlNetModel(parseControlNetConfig(config, where), weights, placement, source),
    ),

  /**
   * @param path a `.safetensors` of a ControlNet, in the original layout or diffusers'; or its link on the hub
   * @param options.config as one for `shuffle` needs, whose averaging no name tells
   * @throws as `fromPretrained`
   */
  fromSingleFile: (path: string, options: PartFileOptions = {}): Promise<ControlNetModel> =>
    loadPartFile(path, options, standardConfig, ({ file, config: json, where, weights, placement, source }) => {
      const config = parseControlNetConfig(json, where)
      const own = controlNetWeights(weights, file, config)
      if (!own) throw new ModelNotFoundError(`${file} holds no ControlNet`)
      return controlNetModel(config, own, placement, source)
    }),
}

async function standardConfig(weights: Weights, file: string): Promise<Record<string, unknown>> {
  return originalControlNetConfig(await partFamily('a ControlNet', weights, file))
}

/** @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function controlNetModel(
  config: ControlNetConfig,
  weights: Weights,
  placement: Placement,
  source: string,
): ControlNetModel {
  const root = controlNetCheckpoint(config, weights)
  const build = (shape: ControlNetShape, layers: LayerOptions) => controlNetGraph(config, weights, shape, layers)
  const controlNet = network('controlnet', placement, build)
  const { unet, conditioningChannels } = config
  const factor = conditioningFactor(config)
  const skips = residualShapes(unet, { batch: 1, height: 1, width: 1 }).length - 1

  async function forward(
    sample: Tensor,
    timestep: number,
    { encoderHiddenStates, controlnetCond, conditioningScale = 1, guessMode = false, ...options }: ControlNetOptions,
  ): Promise<ControlNetOutput> {
    const latents = checkedTensor('sample', sample, ['batch', unet.inChannels, 'height', 'width'])
    const [batch, , height, width] = latents.dims
    const text = checkedTensor('encoderHiddenStates', encoderHiddenStates, [batch, 'tokens', unet.crossAttentionDim])
    const pictureShape = [batch, conditioningChannels, height * factor, width * factor]
    const picture = checkedTensor('controlnetCond', controlnetCond, pictureShape)
    if (!Number.isFinite(timestep)) throw new InvalidOptionError(`timestep must be a number, got ${timestep}`)
    const output = await controlNet.run(
      { batch, height, width, sequenceLength: text.dims[1] },
      {
        sample: latents,
        timestep: { type: 'float32', dims: [1], data: Float32Array.of(timestep) },
        encoder_hidden_states: text,
        controlnet_cond: picture,
        scales: scales(conditioningScale, guessMode),
      },
      options,
    )
    const downBlockResSamples = Array.from({ length: skips }, (_, i) => output[`down_${i}`])
    return { downBlockResSamples, midBlockResSample: output.mid }
  }
  /** In guess mode from 0.1 to 1, evenly in their logarithms. */
  function scales(scale: number, guessMode: boolean): Tensor {
    const isGuess = guessMode && !config.globalPoolConditions
    const data = Float32Array.from({ length: skips + 1 }, (_, i) => scale * (isGuess ? 10 ** (i / skips - 1) : 1))
    return { type: 'float32', dims: [data.length], data }
  }
  const inGraph: ControlNetModel['inGraph'] = (g, name, inputs, isFirstAlone) =>
    controlResiduals(g, config, root.named(name), inputs, isFirstAlone)
  return Object.assign(forward, {
    config,
    placement,
    source,
    id: models++,
    scales,
    inGraph,
    release: controlNet.release,
  })
}

let models = 0
