import { join } from 'node:path'
import { InvalidOptionError } from '../errors.js'
import { Image } from '../image/image.js'
import { type Filter, resizeWith } from '../image/resize.js'
import { concat, type Tensor, tensor } from '../tensor.js'
import { readJsonFileIfAny } from '../weights/json.js'
import { ConfigReader } from './config.js'

/**
 * Pictures as CLIP sees them: resized, cropped about the middle, normalised.
 * @returns `pixelValues` [pictures, 3, height, width], equal to those of transformers' `CLIPImageProcessorPil`
 */
export interface CLIPImageProcessor {
  (images: Image | readonly Image[]): { pixelValues: Tensor }
  readonly config: ClipImageProcessorConfig
}

export interface ClipImageProcessorConfig {
  /** of the shorter side, or of both; null: as it comes, px */
  size: { shortestEdge: number } | Size | null
  filter: Filter
  /** what lies outside the picture is black; null: all of it */
  cropSize: Size | null
  /** 8-bit levels times this */
  rescaleFactor: number
  /** red, green, blue; null: not normalised */
  normalize: { mean: number[]; std: number[] } | null
}

interface Size {
  height: number
  width: number
}

/**
 * That of a folder's preprocessor_config.json; CLIP's own for pictures of `imageSize` where there is none.
 * @throws UnsupportedModelError  naming the key and the value that is not run here
 */
export async function loadClipImageProcessor(folder: string, imageSize: number): Promise<CLIPImageProcessor> {
  const path = join(folder, 'preprocessor_config.json')
  const json = (await readJsonFileIfAny(path)) ?? { size: imageSize, crop_size: imageSize }
  return clipImageProcessor(parseClipImageProcessorConfig(json, path))
}

export function clipImageProcessor(config: ClipImageProcessorConfig): CLIPImageProcessor {
  const process = (images: Image | readonly Image[]) => {
    const list = images instanceof Image ? [images] : images
    if (!Array.isArray(list) || list.length === 0 || !list.every(image => image instanceof Image))
      throw new InvalidOptionError('images must be an Image or a list of at least one')
    return { pixelValues: concat(list.map(image => normalised(cropped(resized(image, config), config), config))) }
  }
  return Object.assign(process, { config })
}

/**
 * @param json preprocessor_config.json, of `CLIPImageProcessor` or of `CLIPFeatureExtractor`, its older name
 * @param where its name, for messages
 * @throws UnsupportedModelError  naming the key and the value that is not run here
 */
export function parseClipImageProcessorConfig(json: unknown, where: string): ClipImageProcessorConfig {
  const read = new ConfigReader(json, where)
  const classes = ['CLIPImageProcessor', 'CLIPImageProcessorFast', 'CLIPFeatureExtractor', null] as const
  for (const key of ['image_processor_type', 'feature_extractor_type']) read.oneOf(key, classes, null)
  const whether = (key: string, value: unknown) => (read.boolean(key, true) ? value : null)
  const resample = read.oneOf('resample', [1, 2, 3], 3)
  const size = readSize(read, 'size', { shortest_edge: 224 })
  const cropSize = readSize(read, 'crop_size', { height: 224, width: 224 })
  const [mean, std] = [
    ['image_mean', [0.48145466, 0.4578275, 0.40821073]] as const,
    ['image_std', [0.26862954, 0.26130258, 0.27577711]] as const,
  ].map(([key, fallback]) => {
    const value = read.get(key, fallback)
    if (Array.isArray(value) && value.length === 3 && value.every(item => typeof item === 'number')) return value
    return read.refuse(key, 'expected red, green, blue')
  })
  if (std.includes(0)) read.refuse('image_std', 'expected numbers other than 0')
  const rescaleFactor = read.number('rescale_factor', 1 / 255)
  const config = {
    filter: filters[resample],
    size: whether('do_resize', size) as ClipImageProcessorConfig['size'],
    cropSize: whether('do_center_crop', 'shortestEdge' in cropSize ? square(cropSize.shortestEdge) : cropSize),
    rescaleFactor: (whether('do_rescale', rescaleFactor) ?? 1) as number,
    normalize: whether('do_normalize', { mean, std }) as ClipImageProcessorConfig['normalize'],
  } as ClipImageProcessorConfig
  read.without({ use_square_size: false })
  read.inert('do_convert_rgb', 'processor_class', 'data_format', 'input_data_format', 'return_tensors', 'device')
  read.finish()
  return config
}

/** Pillow's numbers. */
const filters = { 1: 'lanczos', 2: 'bilinear', 3: 'bicubic' } as const

/** Files of transformers before 4.23 have one number: of the shorter side, or of a square crop. */
function readSize(read: ConfigReader, key: string, fallback: object): { shortestEdge: number } | Size {
  const value = read.get(key, fallback)
  const whole = (item: unknown): item is number => Number.isInteger(item) && (item as number) >= 1
  if (whole(value)) return { shortestEdge: value }
  const { shortest_edge: edge, height, width, ...others } = (value ?? {}) as Record<string, unknown>
  if (Object.keys(others).length === 0) {
    if (whole(edge) && height === undefined && width === undefined) return { shortestEdge: edge }
    if (edge === undefined && whole(height) && whole(width)) return { height, width }
  }
  return read.refuse(key, 'expected a whole number, { shortest_edge } or { height, width }')
}

const square = (side: number): Size => ({ height: side, width: side })

function resized(image: Image, { size, filter }: ClipImageProcessorConfig): Image {
  if (!size) return image
  const to = 'shortestEdge' in size ? withShortestEdge(image, size.shortestEdge) : size
  const data = resizeWith(filter, image.data, image.width, image.height, to.width, to.height)
  return new Image(data, to.width, to.height)
}

function withShortestEdge({ width, height }: Size, edge: number): Size {
  const [short, long] = width <= height ? [width, height] : [height, width]
  const longEdge = Math.trunc((edge * long) / short)
  return width <= height ? { width: edge, height: longEdge } : { width: longEdge, height: edge }
}

/** Where the difference is odd, transformers leaves the odd pixel out below and right, and adds it above and left. */
function cropped(image: Image, { cropSize }: ClipImageProcessorConfig): Image {
  if (!cropSize) return image
  const { width, height } = cropSize
  const offset = (from: number, to: number) => Math.floor((from - to) / 2)
  const [top, left] = [offset(image.height, height), offset(image.width, width)]
  const data = new Uint8Array(width * height * 3)
  const [first, end] = [Math.max(0, left), Math.min(image.width, left + width)]
  for (let y = Math.max(0, top); y < Math.min(image.height, top + height); y++) {
    const row = image.data.subarray((y * image.width + first) * 3, (y * image.width + end) * 3)
    data.set(row, ((y - top) * width + first - left) * 3)
  }
  return new Image(data, width, height)
}

/** In float32, rounded where transformers rounds. */
function normalised({ width, height, data }: Image, config: ClipImageProcessorConfig): Tensor {
  const plane = width * height
  const values = new Float32Array(3 * plane)
  for (let colour = 0; colour < 3; colour++) {
    const mean = Math.fround(config.normalize?.mean[colour] ?? 0)
    const std = Math.fround(config.normalize?.std[colour] ?? 1)
    for (let i = 0; i < plane; i++) {
      const level = Math.fround(data[3 * i + colour] * config.rescaleFactor)
      values[colour * plane + i] = Math.fround(level - mean) / std
    }
  }
  return tensor(values, [1, 3, height, width])
}
