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
export { AutoencoderTiny } from './models/autoencoderTiny.js'
export { CLIPModel, type ClipOutput } from './models/clipModel.js'
export { CLIPTextModel } from './models/clipTextModel.js'
export { ControlNetModel } from './models/controlNetModel.js'
export type { PartOptions } from './models/loadPart.js'
export type { PartFileOptions } from './models/partFile.js'
export { StableDiffusionSafetyChecker } from './models/stableDiffusionSafetyChecker.js'
export { type CrossAttentionKwargs, UNet2DConditionModel } from './models/unet2DConditionModel.js'
export type { AdapterWeight, LoraOptions } from './pipelines/adapterLoader.js'
export type { CallOptions, PipelineOutput, PromptSyntax } from './pipelines/callOptions.js'
export type { ControlNetPretrainedOptions } from './pipelines/controlNetParts.js'
export type { ControlImages } from './pipelines/controlOptions.js'
export type { Step } from './pipelines/denoising.js'
export { DiffusionPipeline } from './pipelines/diffusionPipeline.js'
export { callOptions } from './pipelines/fromParameters.js'
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
export type { ImageInput } from './pipelines/imageOptions.js'
export type { MapOptions } from './pipelines/map.js'
export { schedulerFromParameters } from './pipelines/samplers.js'
export { StableDiffusionPipeline } from './pipelines/stableDiffusion.js'
export { type ControlNetOptions, StableDiffusionControlNetPipeline } from './pipelines/stableDiffusionControlNet.js'
export {
  type ControlNetImg2ImgOptions,
  StableDiffusionControlNetImg2ImgPipeline,
} from './pipelines/stableDiffusionControlNetImg2Img.js'
export { type Img2ImgOptions, StableDiffusionImg2ImgPipeline } from './pipelines/stableDiffusionImg2Img.js'
export { type InpaintOptions, StableDiffusionInpaintPipeline } from './pipelines/stableDiffusionInpaint.js'
export type { TextualInversionOptions } from './pipelines/textualInversions.js'
export type { Progress, ProgressReporter } from './progress.js'
export { parsePromptAttention, type WeightedText } from './prompt/attention.js'
export { splitComposable } from './prompt/composable.js'
export { encodeWeighted } from './prompt/encodeWeighted.js'
export { type PromptSchedule, promptSchedule } from './prompt/schedule.js'
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
  type CustomSchedule,
  DDIMScheduler,
  DDPMScheduler,
  DEISMultistepScheduler,
  DPMSolverMultistepScheduler,
  DPMSolverSinglestepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  FlowMatchEulerDiscreteScheduler,
  HeunDiscreteScheduler,
  KDPM2AncestralDiscreteScheduler,
  KDPM2DiscreteScheduler,
  LCMScheduler,
  LMSDiscreteScheduler,
  PNDMScheduler,
  type Scheduler,
  type SchedulerStep,
  type StepOptions,
  TCDScheduler,
  UniPCMultistepScheduler,
} from './schedulers/index.js'
export type { Tensor } from './tensor.js'
export { type FixTextOptions, fixText } from './text/fixText.js'
