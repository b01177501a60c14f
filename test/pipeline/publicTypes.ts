/** The public surface as a user writes it: that this file compiles, and nothing in it is `any`, is the test. */
import {
  AutoencoderKL,
  AutoencoderTiny,
  type CallOptions,
  CLIPModel,
  CLIPTextModel,
  ControlNetModel,
  callOptions,
  DDIMScheduler,
  type Device,
  DiffusionPipeline,
  encodeWeighted,
  fixText,
  Generator,
  gridImage,
  type Image,
  parsePromptAttention,
  promptSchedule,
  randn,
  type Scheduler,
  StableDiffusionControlNetPipeline,
  StableDiffusionImg2ImgPipeline,
  StableDiffusionInpaintPipeline,
  StableDiffusionPipeline,
  schedulerFromParameters,
  splitComposable,
  type Tensor,
  UNet2DConditionModel,
  UniPCMultistepScheduler,
} from '../../src/index.js'

export async function article() {
  const pipeline = await StableDiffusionPipeline.fromPretrained('CompVis/stable-diffusion-v1-4', { dtype: 'float16' })
  await pipeline.to('cuda')
  pipeline.enableAttentionSlicing()
  pipeline.enableXformersMemoryEfficientAttention()
  const { images } = await pipeline('photograph of a vintage car', {
    numImagesPerPrompt: 3,
    generator: new Generator(7),
  })
  return gridImage(images, { rows: 1, cols: 3, scale: 0.75 })
}

export async function parts(image: Image) {
  await using pipeline = await DiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'auto', safetyChecker: null })
  pipeline.scheduler = DDIMScheduler.fromConfig(pipeline.scheduler.config)
  const { inputIds } = pipeline.tokenizer(['a car', ''])
  const { lastHiddenState, textEmbeds } = await pipeline.textEncoder(inputIds)
  const latents: Tensor = { dims: [1, 4, 8, 8], data: new Float32Array(256), type: 'float32' }
  const noise = randn(latents.dims, { generator: new Generator(2n ** 60n), dtype: 'float16' })
  const [timestep] = pipeline.scheduler.setTimesteps(5)
  const { sample } = await pipeline.unet(noise, timestep, { encoderHiddenStates: lastHiddenState })
  const { prevSample } = pipeline.scheduler.step(sample, timestep, noise, { generator: new Generator(), eta: 0 })
  const { latentDist } = await pipeline.vae.encode(image)
  const decoded = await pipeline.vae.decode(latentDist.sample(new Generator(0)))
  return { inputIds, textEmbeds, prevSample, mode: latentDist.mode(), decoded, config: pipeline.unet.config }
}

export async function calls(pipeline: StableDiffusionPipeline, embeds: Tensor) {
  const options: CallOptions = {
    promptEmbeds: embeds,
    negativePromptEmbeds: embeds,
    outputType: 'latent',
    signal: AbortSignal.timeout(1000),
    callbackOnStepEnd: (_pipeline, step, _timestep, { latents }) => (step > 0 ? { latents } : undefined),
  }
  const output = await pipeline(undefined, options)
  const steps: number[] = []
  for await (const { step } of pipeline.steps(['a', 'b'], { seed: 7n, negativePrompt: ['', 'fog'] })) steps.push(step)
  // @ts-expect-error a typing mistake
  await pipeline('a car', { numInferenceStep: 5 })
  // @ts-expect-error a value that is none
  await pipeline('a car', { outputType: 'pil' })
  return { ...output, steps }
}

export async function several(pipeline: StableDiffusionPipeline) {
  await pipeline.to('cuda:1')
  const devices: Device[] = ['cuda', 'cuda:1']
  const outputs = await pipeline.map(['a car', 'a boat'], { seed: 7, devices })
  // @ts-expect-error one generator would be drawn from in no order
  await pipeline.map(['a car'], { generator: new Generator(7) })
  // @ts-expect-error a device that is none
  await pipeline.map(['a car'], { devices: ['gpu:1'] })
  return { images: outputs.flatMap(({ images }) => images), device: outputs[0].device }
}

export function scheduled(sample: Tensor, output: Tensor) {
  const scheduler: Scheduler = new UniPCMultistepScheduler({ useFlowSigmas: true, useDynamicShifting: true })
  const [timestep] = scheduler.setTimesteps(8, { mu: 1.15 })
  const { prevSample, predOriginalSample } = scheduler.step(output, timestep, sample)
  // @ts-expect-error a typing mistake
  scheduler.step(output, timestep, sample, { etta: 1 })
  return { prevSample, predOriginalSample, order: scheduler.order, sigmas: scheduler.sigmas }
}

export async function prompts(pipeline: StableDiffusionPipeline, { parameters }: Image) {
  const promptEmbeds: Tensor = await encodeWeighted(['a (car:1.2)', ''], pipeline, { clipSkip: 1 })
  const weighted: [text: string, weight: number][] = parsePromptAttention('a (car:1.2)')
  const scheduled: [until: number, text: string][] = promptSchedule('[a:b:3]', 10)
  const parts: [text: string, weight: number][] = splitComposable('a AND b:0.5')
  pipeline.scheduler = schedulerFromParameters(parameters!, pipeline.scheduler.config)
  const { images } = await pipeline(parameters!.prompt, callOptions(parameters!))
  // @ts-expect-error a syntax that is none
  await pipeline('a car', { promptSyntax: 'comfy' })
  return { promptEmbeds, weighted, scheduled, parts, images, text: fixText('cafÃ©', { normalization: null }) }
}

export async function fromPictures(photo: Image, mask: Image, edges: Image) {
  const inpaint = await StableDiffusionInpaintPipeline.fromPretrained('runwayml/stable-diffusion-inpainting')
  const painted = await inpaint('a cat', {
    image: photo,
    maskImage: await mask.blur(4),
    paddingMaskCrop: 32,
    height: 512,
  })
  const img2img = StableDiffusionImg2ImgPipeline.fromPipe(inpaint)
  const changed = await img2img(['a cat', 'a dog'], { image: painted.images, strength: 0.6, seed: 1 })
  const controlnet = await ControlNetModel.fromPretrained('lllyasviel/sd-controlnet-canny', { dtype: 'float16' })
  const steered = StableDiffusionControlNetPipeline.fromPipe(inpaint, { controlnet: [controlnet, controlnet] })
  const both = await steered('a cat', {
    image: [edges, edges],
    controlnetConditioningScale: [1, 0.5],
    guessMode: true,
    callbackOnStepEnd: pipeline => void pipeline.controlnet,
  })
  // @ts-expect-error a picture is needed
  await img2img('a cat', { strength: 0.6 })
  // @ts-expect-error the picture's size is the result's
  await img2img('a cat', { image: photo, width: 512 })
  for await (const { latents } of steered.steps('a cat', { image: [edges, edges] })) if (latents) break
  return { changed, both, mapped: (await img2img.map(['a cat'], { image: photo }))[0] }
}

type IsAny<T> = 0 extends 1 & T ? true : false
type HoldsAny<T> = IsAny<T> extends true ? true : T extends object ? { [K in keyof T]: IsAny<T[K]> }[keyof T] : false
type No<T extends false | undefined> = T

export type Checks = [
  No<HoldsAny<Awaited<ReturnType<typeof article>>>>,
  No<HoldsAny<Awaited<ReturnType<typeof parts>>>>,
  No<HoldsAny<Awaited<ReturnType<typeof calls>>>>,
  No<HoldsAny<Awaited<ReturnType<typeof several>>>>,
  No<HoldsAny<Awaited<ReturnType<typeof prompts>>>>,
  No<HoldsAny<ReturnType<typeof scheduled>>>,
  No<HoldsAny<Awaited<ReturnType<typeof fromPictures>>>>,
  No<HoldsAny<CallOptions>>,
  No<HoldsAny<StableDiffusionPipeline>>,
]

export async function partsAlone() {
  const vae: AutoencoderKL = await AutoencoderKL.fromPretrained('stabilityai/sd-vae-ft-mse', { dtype: 'float16' })
  const unet = await UNet2DConditionModel.fromPretrained('owner/name', { subfolder: 'unet', device: 'cuda' })
  const textEncoder = await CLIPTextModel.fromPretrained('owner/name', { subfolder: 'text_encoder' })
  await using pipeline = await StableDiffusionPipeline.fromPretrained('owner/name')
  Object.assign(pipeline, { vae, unet, textEncoder })
  // @ts-expect-error a typing mistake
  await AutoencoderKL.fromPretrained('owner/name', { subFolder: 'vae' })
  return vae.config.scalingFactor
}

export async function adapted() {
  const pipeline = await StableDiffusionPipeline.fromSingleFile('model.safetensors', { config: 'folder' })
  await pipeline.loadLoraWeights('style.safetensors', { adapterName: 'style' })
  pipeline.setAdapters(['style'], [{ unet: 0.7 }])
  pipeline.fuseLora({ loraScale: 0.5 })
  await pipeline.loadTextualInversion(['a.safetensors', 'b.pt'], { token: ['<a>', '<b>'] })
  pipeline.unloadTextualInversion('<a>')
  const names: string[] = pipeline.getActiveAdapters()
  return pipeline(`a car, ${names}`, { crossAttentionKwargs: { scale: 0.5 } })
}

export async function tinyAutoencoder(pipeline: StableDiffusionPipeline) {
  pipeline.previewDecoder = await AutoencoderTiny.fromPretrained('madebyollin/taesd')
  pipeline.vae = pipeline.previewDecoder
  pipeline.safetyChecker = null
  const { nsfwContentDetected } = await pipeline('a car')
  return nsfwContentDetected satisfies boolean[] | undefined
}

export async function scores(image: Image) {
  const clip: CLIPModel = await CLIPModel.fromPretrained('openai/clip-vit-base-patch16')
  const score: number = await clip.clipScore(image, 'a car')
  const { logitsPerImage } = await clip([image], ['a car', 'a tree'])
  return { score, logits: logitsPerImage.data, dims: (await clip.getImageFeatures(image)).dims }
}
