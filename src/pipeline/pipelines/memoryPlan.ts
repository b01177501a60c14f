import { InvalidOptionError } from '../errors.js'
import { shown } from '../optionChecks.js'
import { deviceKind } from '../runtime/engine.js'
import { elementCount } from '../tensor.js'
import type { Quantization } from '../weights/quantizedWeights.js'
import type { Weights } from '../weights/safetensors.js'
import type { StableDiffusionParts } from './stableDiffusionParts.js'

/** What keeps a call below a bound. */
export interface MemoryPlan {
  isOffloaded: boolean
  /** of weights, undefined where a network's fit all at once */
  pieceBytes?: number | undefined
  /** in pixels, undefined where whole pictures fit */
  tileSize: number | undefined
}

/** Of weights that are on a device at once where they are to be few: a layer of Stable Diffusion 1.x has up to 118 MB in float32. */
export const pieceBytes = 128e6

/**
 * How a guided call of one picture of the model's own size stays below so many bytes of the engine's private memory: first each part has
 * it alone, then the autoencoder works in tiles. Where copies of the U-Net's weights do not fit, networks run a few layers at a time.
 * @param quantization with it, a layer's weight is made whole for as long as it runs
 * @param copies `copiedBytes` of each part
 * @throws InvalidOptionError where no way is known: the U-Net takes more, or the device is not the CPU
 */
export function memoryPlan(
  maxMemory: number,
  { unet, vae }: Pick<StableDiffusionParts, 'unet' | 'vae'>,
  quantization?: Quantization,
  copies = { textEncoder: 0, unet: 0, vae: 0 },
): MemoryPlan {
  const device = deviceKind(unet.placement.device)
  if (device !== 'cpu')
    throw new InvalidOptionError(
      `maxMemory is for the cpu, where weights stay pages of their files; on ${device} use enableModelCpuOffload(), enableVaeTiling() and ` +
        "dtype: 'float16'",
    )
  const [{ channels }, ...others] = unet.config.blocks
  const side = [unet.config.sampleSize ?? 64].flat()[0]
  const widest = others.at(-1)?.channels ?? channels
  const unetBytes = (tensors: number) =>
    engineBytes +
    guided * side ** 2 * channels * tensors * 4 +
    (quantization ? wholeWeights[quantization] * 9 * 2 * widest ** 2 * 4 : 0)
  const wholeUnet = unetBytes(unetTensors) + copies.unet
  const isSequential = wholeUnet > maxMemory
  const held = (copied: number) => (isSequential ? Math.min(copied, 2 * pieceBytes) : copied) // of half precision
  const least = isSequential ? unetBytes(pieceTensors) + held(copies.unet) : wholeUnet
  if (least > maxMemory)
    throw new InvalidOptionError(
      `maxMemory must be at least ${megabytes(least)}, which the U-Net takes for one picture of ${side * vae.scaleFactor} pixels a side, ` +
        `got ${megabytes(maxMemory)}`,
    )
  const perPixel = 'enableTiling' in vae ? channelsOf(vae.config.blockOutChannels) * vaeTensors * 4 : 0
  const whole = perPixel * (side * vae.scaleFactor) ** 2
  if (wholeUnet + copies.textEncoder + copies.vae + whole <= maxMemory)
    return { isOffloaded: false, tileSize: undefined }
  const inTurn = { isOffloaded: true, pieceBytes: isSequential ? pieceBytes : undefined }
  const left = maxMemory - engineBytes - held(copies.vae)
  if (whole <= left) return { ...inTurn, tileSize: undefined }
  const multiple = 4 * vae.scaleFactor
  const most = Math.sqrt(Math.max(0, left) / perPixel)
  return { ...inTurn, tileSize: Math.max(multiple, Math.floor(most / multiple) * multiple) }
}

/** What the CPU copies into private memory: weights that their file does not hold in float32, but for those in few bits. */
export function copiedBytes(weights: Weights): number {
  return [...weights.values()]
    .filter(({ dtype, quantized }) => dtype !== 'F32' && !quantized)
    .reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0)
}

const channelsOf = ([first, second]: readonly number[]) => second ?? first

// Measured with Stable Diffusion 1.x at 512²: the U-Net takes 0.47 GB for a batch of one and 0.77 GB for two, 1.04 GB for two in 8
// bits and 1.30 GB in 4, 0.64 GB in pieces, the decoder 1.44 GB, and 1.08 GB in tiles of 416 pixels, after which those of other sizes come.

/** The process, and the graph. */
const engineBytes = 90e6

/** With and without the prompt. */
const guided = 2

/** As many as this of the first block's tensors are held at once, an item. */
const unetTensors = 66

/** As many, where it runs in pieces: onnxruntime keeps memory for what a later layer of the same shapes takes, within a session. */
const pieceTensors = 52

/** As many as this of the largest weights are whole at once, where they are held in few bits. */
const wholeWeights: Record<Quantization, number> = { int8: 2.5, nf4: 4.5, fp4: 4.5 }

/** As many as this of the largest tensors, which are as large as the picture and have the channels of the block before the last. */
const vaeTensors = 6.5

/** @returns bytes @throws InvalidOptionError */
export function checkedMemory(value: number | string): number {
  const units: Record<string, number> = { MB: 1e6, GB: 1e9, MIB: 2 ** 20, GIB: 2 ** 30 }
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?) ?([MG]i?B)$/i.exec(String(value)) ?? []
  const bytes = typeof value === 'number' ? value : Number(count) * units[unit.toUpperCase()]
  if (Number.isFinite(bytes) && bytes > 0) return bytes
  throw new InvalidOptionError(`maxMemory must be bytes, or a text such as '1GB' or '800MB', got ${shown(value)}`)
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`
