/** How a picture was made, as other tools read it from a PNG's `parameters` text; they may have told less. */
export interface ImageParameters {
  prompt: string
  negativePrompt?: string
  /** of the call */
  steps?: number
  /** A1111's name, such as `DPM++ 2M` */
  sampler?: string
  /** `Karras`, `Automatic`, … */
  scheduleType?: string
  /** guidance scale */
  cfgScale?: number
  /** of its noise, as torch's `manual_seed` takes it */
  seed?: number | bigint
  /** px */
  width?: number
  height?: number
  /** the class that made it, where it was not text to image */
  pipeline?: string
  /** how much of a picture was made anew, 0…1 */
  strength?: number
  /** px around the mask, where its surroundings alone were painted */
  maskPadding?: number
  /** each ControlNet's name, weight, and from which share of the steps to which it had a say */
  controlNet?: string
  /** each LoRA's name and weight; where they differ that of the U-Net, then that of the text encoder; `fused` where it was a part of the network */
  lora?: string
  /** of the call's `crossAttentionKwargs`, where there were any */
  loraScale?: number
  /** the tokens that textual inversions had taught */
  textualInversion?: string
  /** 0…1, where it was not 0 */
  guidanceRescale?: number
  /** layers left out before the text encoder's last, where there were any */
  clipSkip?: number
  /** noise that DDIM added, 0…1, where it was not 0 */
  eta?: number
  /** of the call, where they were its own */
  timesteps?: number[]
  sigmas?: number[]
  /** how the prompts are read, `plain` or `a1111`; other tools, which do not tell, read them as A1111 does */
  promptSyntax?: string
  /** its place among the pictures that one generator drew: the seed alone makes the first of them only */
  batch?: { index: number; count: number }
  /** its class, and what of its configuration is not that class's default */
  scheduler?: Record<string, unknown>
  /** of the model, where it was not float32: the noise is drawn in it */
  dtype?: string
  /** in how few bits the model's layers were held, where they were */
  quantization?: string
  /** parts in place of the model's own, by the name of their source */
  unet?: string
  textEncoder?: string
  vae?: string
  /** px, where the autoencoder went through a picture larger than a tile */
  vaeTileSize?: number
  /** options that made the picture, and whose values are not told */
  untold?: string[]
  /** of the call, where it was not `exact` */
  quality?: string
  /** as the user named it, of a path the last name alone */
  model?: string
  /** the first ten hexadecimal digits of the weights' sha256 */
  modelHash?: string
  /** of the program */
  version?: string
}

/**
 * The text that stable-diffusion-webui (A1111) writes: the prompt, the negative prompt where there is one, and a line of
 * `name: value`, values that hold a comma, a colon, a quote or a newline as JSON strings.
 * @see stable-diffusion-webui modules/infotext_utils.py
 */
export function formatParameters(parameters: ImageParameters): string {
  const { prompt, negativePrompt, steps, sampler, scheduleType, cfgScale, seed, width, height } = parameters
  const settings: [string, string | number | bigint | undefined][] = [
    ['Steps', steps],
    ['Sampler', sampler],
    ['Schedule type', scheduleType],
    ['CFG scale', cfgScale],
    ['Seed', seed],
    ['Size', width !== undefined && height !== undefined ? `${width}x${height}` : undefined],
    ['Pipeline', parameters.pipeline],
    ['Denoising strength', parameters.strength],
    ['Masked area padding', parameters.maskPadding],
    ['ControlNet', parameters.controlNet],
    ['LoRA', parameters.lora],
    ['LoRA scale', parameters.loraScale],
    ['Textual inversion', parameters.textualInversion],
    ['Clip skip', parameters.clipSkip && parameters.clipSkip + 1], // A1111 counts the last layer too
    ['Guidance rescale', parameters.guidanceRescale],
    ['Eta DDIM', parameters.eta],
    ['Timesteps', parameters.timesteps?.join(', ')],
    ['Sigmas', parameters.sigmas?.join(', ')],
    ['Prompt syntax', parameters.promptSyntax],
    ['Quality', parameters.quality],
    ['Generator batch', parameters.batch && `${parameters.batch.index + 1}/${parameters.batch.count}`],
    ['Dtype', parameters.dtype],
    ['Quantization', parameters.quantization],
    ['U-Net', parameters.unet],
    ['Text encoder', parameters.textEncoder],
    ['VAE', parameters.vae],
    ['VAE tile size', parameters.vaeTileSize],
    ['Not told', parameters.untold?.join(', ')],
    ['Model hash', parameters.modelHash],
    ['Model', parameters.model],
    ['Scheduler', parameters.scheduler && JSON.stringify(parameters.scheduler)],
    ['Version', parameters.version],
  ]
  const lines = [prompt]
  if (negativePrompt !== undefined && negativePrompt !== '') lines.push(`Negative prompt: ${negativePrompt}`)
  lines.push(
    settings
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${quoted(String(value))}`)
      .join(', '),
  )
  return lines.join('\n')
}

/** What of it a text tells: also one by another tool, which may leave out any setting or know others. */
export function parseParameters(text: string): ImageParameters {
  const lines = text.split('\n')
  const found = [...(lines.at(-1) as string).matchAll(setting)]
  const settings = new Map(found.length >= 3 ? found.map(([, name, value]) => [name, unquoted(value)]) : [])
  if (found.length >= 3) lines.pop()
  const negative = lines.findIndex(line => line.startsWith('Negative prompt:'))
  const parsed: ImageParameters = {
    prompt: lines.slice(0, negative === -1 ? undefined : negative).join('\n'),
  }
  if (negative !== -1) {
    parsed.negativePrompt = lines
      .slice(negative)
      .join('\n')
      .replace(/^Negative prompt: ?/, '')
  }

  const number = (name: string) => numberOf(settings.get(name))
  const numbers = (name: string) => settings.get(name)?.split(', ').map(Number)
  const clipSkip = (number('Clip skip') ?? 1) - 1
  const size = /^(\d+)x(\d+)$/.exec(settings.get('Size') ?? '')
  const rest: Partial<ImageParameters> = {
    steps: number('Steps'),
    sampler: settings.get('Sampler'),
    scheduleType: settings.get('Schedule type'),
    cfgScale: number('CFG scale'),
    seed: seedOf(settings.get('Seed')),
    width: size ? Number(size[1]) : undefined,
    height: size ? Number(size[2]) : undefined,
    pipeline: settings.get('Pipeline'),
    strength: number('Denoising strength'),
    maskPadding: number('Masked area padding'),
    controlNet: settings.get('ControlNet'),
    lora: settings.get('LoRA'),
    loraScale: number('LoRA scale'),
    textualInversion: settings.get('Textual inversion'),
    clipSkip: clipSkip > 0 ? clipSkip : undefined,
    guidanceRescale: number('Guidance rescale'),
    eta: number('Eta DDIM'),
    timesteps: numbers('Timesteps'),
    sigmas: numbers('Sigmas'),
    promptSyntax: settings.get('Prompt syntax'),
    quality: settings.get('Quality'),
    batch: batchOf(settings.get('Generator batch')),
    dtype: settings.get('Dtype'),
    quantization: settings.get('Quantization'),
    unet: settings.get('U-Net'),
    textEncoder: settings.get('Text encoder'),
    vae: settings.get('VAE'),
    vaeTileSize: number('VAE tile size'),
    untold: settings.get('Not told')?.split(', '),
    modelHash: settings.get('Model hash'),
    model: settings.get('Model'),
    scheduler: objectOf(settings.get('Scheduler')),
    version: settings.get('Version'),
  }
  return Object.assign(parsed, Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)))
}

/** A1111's `re_param_code`. */
const setting = /\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/g

function quoted(value: string): string {
  return /[,:\n"]/.test(value) ? JSON.stringify(value) : value
}

function unquoted(value: string): string {
  if (!/^".*"$/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

function numberOf(text: string | undefined): number | undefined {
  const number = Number(text)
  return text?.trim() && Number.isFinite(number) ? number : undefined
}

function batchOf(text: string | undefined): ImageParameters['batch'] {
  const [, place, count] = (/^(\d+)\/(\d+)$/.exec(text ?? '') ?? []).map(Number)
  return place >= 1 && place <= count ? { index: place - 1, count } : undefined
}

function objectOf(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = text && JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** A seed may be any 64-bit number: a bigint where a number would round it. */
function seedOf(text: string | undefined): number | bigint | undefined {
  if (text === undefined || !/^-?\d+$/.test(text)) return undefined
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)
}
