import { InvalidOptionError } from '../errors.js'
import { Image } from '../image/image.js'
import type { ModelGraph } from '../onnx/graph.js'
import { type LayerOptions, Layers } from '../onnx/layers.js'
import type { WeightPath } from '../onnx/weightPath.js'
import { checkedTensor, concat, slice, type Tensor, tensor } from '../tensor.js'
import { type ClipTokenizer, loadClipTokenizer, truncationWarning } from '../tokenizer/clip.js'
import type { Weights } from '../weights/safetensors.js'
import { checkpoint, recordWeightShapes } from './checkpoint.js'
import { type ClipConfig, parseClipConfig } from './clipConfig.js'
import { type CLIPImageProcessor, loadClipImageProcessor } from './clipImageProcessor.js'
import { clipTextModel, textTower } from './clipTextModel.js'
import { clipVision, visionOptions } from './clipVision.js'
import { loadPart, type PartOptions, type PartSource } from './loadPart.js'
import { network, type Part, type RunOptions } from './network.js'

/**
 * CLIP: how well pictures and texts fit one another, callable as in transformers, which takes them prepared by its processor.
 * @returns `logitsPerImage` [images, texts], the cosines of the angles between pictures and texts times the model's own scale, and
 *   `logitsPerText`, turned about; `imageEmbeds` [images, projectionDim] and `textEmbeds` [texts, projectionDim], of length 1
 * @see Radford et al. 2021, figure 3; transformers `CLIPModel`
 */
export interface CLIPModel extends Part<ClipConfig> {
  (images: Image | readonly Image[], texts: string | readonly string[], options?: RunOptions): Promise<ClipOutput>
  /**
   * How well a picture shows what a text says: 100 times the cosine of the angle between them, 0 at the least.
   * @see Hessel et al. 2021; torchmetrics `CLIPScore`, whose score of several is the mean
   */
  clipScore(image: Image, text: string, options?: RunOptions): Promise<number>
  /** [images, projectionDim], of any length */
  getImageFeatures(images: Image | readonly Image[], options?: RunOptions): Promise<Tensor>
  /** [texts, projectionDim], of any length; a text too long is cut off, with a warning */
  getTextFeatures(texts: string | readonly string[], options?: RunOptions): Promise<Tensor>
  /** text → ids */
  readonly tokenizer: ClipTokenizer
  /** picture → what the model sees, as transformers prepares it */
  readonly imageProcessor: CLIPImageProcessor
}

/** What `CLIPModel` tells of pictures and texts. */
export interface ClipOutput {
  /** [images, texts], cosines times the model's own scale, about 100 */
  logitsPerImage: Tensor
  /** [texts, images] */
  logitsPerText: Tensor
  /** [images, projectionDim], of length 1 */
  imageEmbeds: Tensor
  /** [texts, projectionDim], of length 1 */
  textEmbeds: Tensor
}

export const CLIPModel = {
  /**
   * @param source its folder or hub repository, such as `'openai/clip-vit-base-patch16'`, with tokenizer and
   *   preprocessor_config.json
   * @throws InvalidOptionError, ModelNotFoundError, UnsupportedModelError, CorruptWeightsError, DeviceUnavailableError
   */
  fromPretrained: (source: string, options: PartOptions = {}): Promise<CLIPModel> =>
    loadPart(source, options, clipModel, files),
}

const files = [
  'preprocessor_config.json',
  ...['tokenizer.json', 'vocab.json', 'merges.txt'],
  ...['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'],
]

/** @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
async function clipModel({ folder, config: json, where, weights, placement, source }: PartSource): Promise<CLIPModel> {
  const config = parseClipConfig(json, where)
  const tokenizer = await loadClipTokenizer(folder)
  const imageProcessor = await loadClipImageProcessor(folder, config.vision.imageSize)
  const [textWeights, visionWeights] = textTower(weights)
  const textModel = clipTextModel(
    { ...config.text, projectionDim: config.projectionDim },
    textWeights,
    placement,
    source,
  )
  visionCheckpoint(config, visionWeights)
  const vision = network('clipVision', placement, (_shape: object, layers) =>
    visionGraph(config, visionWeights, layers),
  )

  async function lookAt(images: Image | readonly Image[], options: RunOptions) {
    const { channels, imageSize } = config.vision
    const { pixelValues } = imageProcessor(images)
    const pixels = checkedTensor('pixelValues', pixelValues, ['images', channels, imageSize, imageSize])
    const features: Tensor[] = []
    let scale = 0
    for (let i = 0; i < pixels.dims[0]; i++) {
      const seen = await vision.run({}, { pixel_values: slice(pixels, i, i + 1) }, options)
      features.push(seen.image_embeds)
      scale = seen.scale.data[0]
    }
    return { features: concat(features), scale }
  }

  async function getTextFeatures(texts: string | readonly string[], options: RunOptions = {}): Promise<Tensor> {
    const list = typeof texts === 'string' ? [texts] : texts
    if (!Array.isArray(list) || list.length === 0) throw new InvalidOptionError('texts must hold at least one text')
    const { inputIds, truncated } = tokenizer(list, { padding: false })
    if (truncated) console.warn(truncationWarning(tokenizer, truncated))
    const features: Tensor[] = []
    for (const ids of inputIds) features.push((await textModel([ids], options)).textEmbeds)
    return concat(features)
  }

  async function forward(
    images: Image | readonly Image[],
    texts: string | readonly string[],
    options: RunOptions = {},
  ): Promise<ClipOutput> {
    const { features, scale } = await lookAt(images, options)
    const [imageEmbeds, textEmbeds] = [features, await getTextFeatures(texts, options)].map(ofUnitLength)
    const logits = (a: Tensor, b: Tensor) => products(a, b, scale)
    return {
      imageEmbeds,
      textEmbeds,
      logitsPerImage: logits(imageEmbeds, textEmbeds),
      logitsPerText: logits(textEmbeds, imageEmbeds),
    }
  }

  return Object.assign(forward, {
    ...{ config, tokenizer, imageProcessor, placement, source, getTextFeatures },
    getImageFeatures: async (images: Image | readonly Image[], options: RunOptions = {}) =>
      (await lookAt(images, options)).features,
    async clipScore(image: Image, text: string, options: RunOptions = {}) {
      if (!(image instanceof Image)) throw new InvalidOptionError('clipScore takes one Image and one text')
      const { imageEmbeds, textEmbeds } = await forward(image, text, options)
      return Math.max(0, products(imageEmbeds, textEmbeds, 100).data[0])
    },
    async release() {
      await Promise.all([textModel.release(), vision.release()])
    },
  })
}

/**
 * The vision tower for one picture.
 * Input `pixel_values`, float32 [1, channels, imageSize, imageSize]. Outputs, float32: `image_embeds` [1, projectionDim], of any
 * length; `scale` [1], of the logits.
 */
function visionGraph(config: ClipConfig, weights: Weights, options: LayerOptions): ModelGraph {
  const g = new Layers(visionOptions(options))
  visionTower(g, config, visionCheckpoint(config, weights))
  return g.build()
}

function visionCheckpoint(config: ClipConfig, weights: Weights): WeightPath {
  const g = new Layers({ provider: 'cpu', attention: { kind: 'fused' } })
  const shapes = recordWeightShapes(p => visionTower(g, config, p))
  return checkpoint(weights, shapes, key => (key === 'vision_model.embeddings.position_ids' ? undefined : key))
}

function visionTower(g: Layers, { vision, projectionDim }: ClipConfig, p: WeightPath): void {
  const pixels = g.input('pixel_values', [1, vision.channels, vision.imageSize, vision.imageSize])
  const pooled = clipVision(g, vision, pixels, p.at('vision_model'))
  g.output('image_embeds', g.linear(pooled, p.at('visual_projection'), projectionDim, { bias: false }))
  g.output('scale', g.unary('Exp', g.reshape(g.weight(p, 'logit_scale', []), [1])))
}

function ofUnitLength({ dims, data }: Tensor): Tensor {
  const [, size] = dims
  const length = Array.from({ length: dims[0] }, (_, row) => Math.hypot(...data.subarray(row * size, (row + 1) * size)))
  return tensor(
    data.map((value, i) => value / length[Math.floor(i / size)]),
    dims,
  )
}

/** scale · a · bᵀ, [a, n], [b, n] → [a, b] */
function products(a: Tensor, b: Tensor, scale: number): Tensor {
  const [rows, size] = a.dims
  const [columns] = b.dims
  const values = new Float32Array(rows * columns)
  for (let i = 0; i < values.length; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns]
    for (let k = 0; k < size; k++) values[i] += a.data[row * size + k] * b.data[column * size + k]
    values[i] *= scale
  }
  return tensor(values, [rows, columns])
}
