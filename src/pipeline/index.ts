export {
  CorruptWeightsError,
  DeviceUnavailableError,
  EngineCrashedError,
  InvalidOptionError,
  ModelNotFoundError,
  OutOfMemoryError,
  UnsupportedModelError,
} from './errors.js'
export { gridImage } from './image/grid.js'
export { Image, type Tile } from './image/image.js'
export type { ImageParameters } from './image/parameters.js'
export { AutoencoderKL, type DiagonalGaussian } from './models/autoencoderKL.js'
export { CLIPTextModel } from './models/clipTextModel.js'
export type { PartOptions } from './models/loadPart.js'
export { type CrossAttentionKwargs, UNet2DConditionModel } from './models/unet2DConditionModel.js'
export type { AdapterWeight, LoraOptions } from './pipelines/adapterLoader.js'
export type { CallOptions, PipelineOutput } from './pipelines/callOptions.js'
export type { Step } from './pipelines/denoising.js'
export { DiffusionPipeline } from './pipelines/diffusionPipeline.js'
export type { FromPretrainedOptions } from './pipelines/fromPretrainedOptions.js'
export type { FromSingleFileOptions } from './pipelines/fromSingleFileOptions.js'
export {
  type CachedModel,
  cachedModels,
  type DownloadPlan,
  downloadModel,
  downloadPlan,
  type ModelRemoval,
  modelCacheDir,
  modelRemoval,
} from './pipelines/hubModels.js'
export type { MapOptions } from './pipelines/map.js'
export { StableDiffusionPipeline } from './pipelines/stableDiffusion.js'
export type { TextualInversionOptions } from './pipelines/textualInversions.js'
export type { Progress, ProgressReporter } from './progress.js'
export { Generator, randn } from './random.js'
export {
  cudaNeeds,
  cudaOf,
  cudaOfScript,
  type DeviceNeed,
  libraryNeeds,
  onnxruntimePackage,
  providerFiles,
} from './runtime/cudaNeeds.js'
export type { Device } from './runtime/deviceName.js'
export { type DeviceReport, deviceReports, resolveDevice } from './runtime/devices.js'
export { ownCudaFolder } from './runtime/libraries.js'
export {
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  PNDMScheduler,
  type Scheduler,
} from './schedulers/index.js'
export type { Tensor } from './tensor.js'
