import { UnsupportedModelError } from '../errors.js'
import { autoencoderKL } from '../models/autoencoderKL.js'
import { autoencoderTiny } from '../models/autoencoderTiny.js'
import { parseClipTextConfig } from '../models/clip.js'
import { clipTextModel } from '../models/clipTextModel.js'
import { ConfigReader } from '../models/config.js'
import type { Placement } from '../models/network.js'
import { parseTinyVaeConfig } from '../models/tinyVae.js'
import { parseUNetConfig } from '../models/unet.js'
import { unet2DConditionModel } from '../models/unet2DConditionModel.js'
import { parseVaeConfig } from '../models/vae.js'
import { checkQuantization } from '../onnx/quantized.js'
import { deviceKind, resolveDevice } from '../runtime/engine.js'
import { type Scheduler, schedulerFromConfig } from '../schedulers/index.js'
import { quantizedWeights } from '../weights/quantizedWeights.js'
import { type ModelIndex, modelIndex, readJson } from '../weights/repository.js'
import type { Weights } from '../weights/safetensors.js'
import type { FromPretrainedOptions } from './fromPretrainedOptions.js'
import { checkFromSingleFile, type FromSingleFileOptions } from './fromSingleFileOptions.js'
import { loadSafetyChecker } from './loadSafetyChecker.js'
import { locateModel } from './locateModel.js'
import { checkedMemory, copiedBytes, memoryPlan } from './memoryPlan.js'
import { folderFiles, type ModelFiles } from './modelFiles.js'
import { singleFile } from './singleFile.js'
import type { StableDiffusionParts } from './stableDiffusionParts.js'

/** A folder in diffusers layout → the parts of a pipeline. Reads headers and configs; weights stay where they are. */
export async function loadStableDiffusion(
  source: string,
  options: FromPretrainedOptions,
): Promise<StableDiffusionParts> {
  const { folder, device } = await locateModel(source, options, checkClasses)
  const index = await modelIndex(folder)
  checkClasses(index, folder)
  checkSettings(await readJson(folder, 'model_index.json'), folder)
  const { dtype = 'float32', variant } = options
  const placement: Placement = { device, dtype, attention: { kind: 'fused' } }
  const parts = await partsOf(folderFiles(folder, variant), placement, options, source)
  return { ...parts, safetyChecker: await loadSafetyChecker(folder, index, options, placement) }
}

/** A `.safetensors` in the original layout → the parts of a pipeline. Reads its header; weights stay where they are. */
export async function loadSingleFile(path: string, options: FromSingleFileOptions): Promise<StableDiffusionParts> {
  checkFromSingleFile(options)
  const { dtype = 'float32', safetyChecker = null } = options
  const device = await resolveDevice(options.device ?? 'auto')
  options.signal?.throwIfAborted()
  const placement: Placement = { device, dtype, attention: { kind: 'fused' } }
  return { ...(await partsOf(await singleFile(path, options), placement, options, path)), safetyChecker }
}

type LoadOptions = Pick<FromSingleFileOptions, 'scheduler' | 'quantization' | 'maxMemory' | 'signal' | 'vae'>

async function partsOf(
  files: ModelFiles,
  placement: Placement,
  { scheduler, vae, quantization, maxMemory, signal }: LoadOptions,
  name: string,
): Promise<StableDiffusionParts> {
  if (quantization) checkQuantization(quantization, deviceKind(placement.device))
  const held = (weights: Weights) => (quantization ? quantizedWeights(weights, quantization, signal) : weights)
  const unetConfig = parseUNetConfig(withSampleSize(await files.config('unet')), files.where('unet'))
  const textConfig = parseClipTextConfig(await files.config('text_encoder'), files.where('text_encoder'))
  const textWeights = await held(await files.textEncoder(textConfig))
  const unetWeights = await held(await files.unet(unetConfig))
  const own = vae ? undefined : await autoencoder(files, placement, name)
  const parts = {
    name,
    dtype: placement.dtype,
    quantization,
    tokenizer: await files.tokenizer(),
    textEncoder: clipTextModel(textConfig, textWeights, placement, name),
    unet: unet2DConditionModel(unetConfig, unetWeights, placement, name),
    vae: vae ?? own!.part,
    scheduler: mended(scheduler ?? schedulerFromConfig(await files.config('scheduler'))),
  }
  if (maxMemory === undefined) return parts
  const copies = {
    textEncoder: copiedBytes(textWeights),
    unet: copiedBytes(unetWeights),
    vae: own ? copiedBytes(own.weights) : 0,
  }
  const { isOffloaded, pieceBytes, tileSize } = memoryPlan(checkedMemory(maxMemory), parts, quantization, copies)
  placement.pieceBytes = pieceBytes
  if (tileSize !== undefined && 'enableTiling' in parts.vae) parts.vae.enableTiling(tileSize)
  return { ...parts, isOffloaded }
}

async function autoencoder(
  files: ModelFiles,
  placement: Placement,
  name: string,
): Promise<{ part: StableDiffusionParts['vae']; weights: Weights }> {
  const [json, where] = [await files.config('vae'), files.where('vae')]
  if (json._class_name === 'AutoencoderTiny') {
    const weights = await files.vae(undefined)
    return { part: autoencoderTiny(parseTinyVaeConfig(json, where), weights, placement, name), weights }
  }
  const config = parseVaeConfig(json, where)
  const weights = await files.vae(config)
  return { part: autoencoderKL(config, weights, placement, name), weights }
}

/** The classes that a folder may name; each loads from any of them, as in diffusers. */
export const stableDiffusionClasses = [
  'StableDiffusionPipeline',
  'StableDiffusionImg2ImgPipeline',
  'StableDiffusionInpaintPipeline',
  'StableDiffusionControlNetPipeline',
  'StableDiffusionControlNetImg2ImgPipeline',
] as const

/** The classes that each part may have; others would compute something else. */
const classes: Record<string, readonly string[]> = {
  tokenizer: ['CLIPTokenizer', 'CLIPTokenizerFast'],
  text_encoder: ['CLIPTextModel'],
  unet: ['UNet2DConditionModel'],
  vae: ['AutoencoderKL', 'AutoencoderTiny'],
}

/** Parts of the pipeline's class that may be absent. */
const optional = new Set(['scheduler', 'safety_checker', 'feature_extractor', 'controlnet'])

/** @throws UnsupportedModelError for a model that is no Stable Diffusion, or of parts not known here */
export function checkClasses(index: ModelIndex, folder: string): void {
  const where = `${folder}/model_index.json`
  if (!(stableDiffusionClasses as readonly string[]).includes(index._class_name))
    throw new UnsupportedModelError(
      `${where}: "_class_name" is ${JSON.stringify(index._class_name)}; this class loads ${stableDiffusionClasses.join(', ')}`,
    )
  for (const [part, known] of Object.entries(classes)) {
    const name = index[part]?.[1]
    if (!known.includes(name as string))
      throw new UnsupportedModelError(
        `${where}: "${part}" is ${JSON.stringify(name ?? null)}; known here: ${known.join(', ')}`,
      )
  }
  for (const [part, value] of Object.entries(index))
    if (Array.isArray(value) && value[1] !== null && !(part in classes) && !optional.has(part))
      throw new UnsupportedModelError(`${where}: "${part}" is ${JSON.stringify(value[1])}, which is not run here`)
}

/** @throws UnsupportedModelError for a setting that the pipelines of Stable Diffusion do not have */
function checkSettings(json: Record<string, unknown>, folder: string): void {
  const read = new ConfigReader(json, `${folder}/model_index.json`)
  read.inert('requires_safety_checker', ...Object.keys(json).filter(key => Array.isArray(json[key])))
  read.finish()
}

/** Two settings of old files that diffusers mends: `StableDiffusionPipeline.__init__`. */
function mended(scheduler: Scheduler): Scheduler {
  const { config } = scheduler
  return schedulerFromConfig({
    ...config,
    // `in`, since a default counts as well: it is no own key.
    ...('stepsOffset' in config && { stepsOffset: 1 }),
    ...('clipSample' in config && { clipSample: false }),
  })
}

/** Files from before diffusers 0.9 may say 32 where the model draws 64; `StableDiffusionPipeline.__init__` again. */
function withSampleSize(json: Record<string, unknown>): Record<string, unknown> {
  const { sample_size: size, _diffusers_version: version } = json
  const old = typeof version === 'string' && /^0\.[0-8]\./.test(version)
  return old && typeof size === 'number' && size < 64 ? { ...json, sample_size: 64 } : json
}
