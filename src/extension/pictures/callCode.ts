import type { ImageParameters } from '../../protocol/pictures.js'
import type { Made } from '../../protocol/rendererMessages.js'

export interface CallCodeOptions {
  /** the variable that holds the pipeline */
  pipeline: string
  /** its class, where it is known: whose defaults are left out */
  type?: string
  /** leave the seed to chance */
  isFresh?: boolean
}

/**
 * TypeScript that makes the picture again; as the last expression of a cell it shows it.
 * @throws Error where the seed is asked for and is none
 */
export function callCode({ parameters, batch }: Made, { pipeline, type, isFresh = false }: CallCodeOptions): string {
  const { seed, untold } = parameters
  if (untold) throw new Error(`This picture cannot be made again: it took ${untold}, which it does not hold.`)
  // one generator has drawn the pictures before this one too
  const isDrawnLater = batch !== undefined && isPlace(batch) && !isFresh && seed !== undefined
  const options = optionsOf(parameters, type)
  if (isDrawnLater) options.push(`numImagesPerPrompt: ${batch.count}`, `generator: new Generator(${seedText(seed)})`)
  else if (!isFresh && seed !== undefined) options.push(`seed: ${seedText(seed)}`)
  const call = callText(pipeline, quoted(parameters.prompt), options)
  return isDrawnLater ? `import { Generator } from 'sdnb'\n\n(${call}).images[${batch.index}]` : call
}

/** {@link callCode}, below a line that tells what the call does not: which model and sampler it was. */
export function settingsCode(made: Made, options: CallCodeOptions): string {
  const { model, sampler, scheduleType, controlNet } = made.parameters
  const control = controlNet && `ControlNet ${controlNet}`
  const remarks = [model, [sampler, scheduleType].filter(Boolean).join(' '), control].filter(Boolean)
  const remark = remarks.join(', ').replace(/\s+/g, ' ')
  return `${remark ? `// ${remark}\n` : ''}${callCode(made, options)}\n`
}

/** What a call of the class has where nothing else is given; the sizes are the model's own. */
const defaults: Record<string, Pick<ImageParameters, 'steps' | 'cfgScale'>> = {
  StableDiffusionPipeline: { steps: 50, cfgScale: 7.5 },
}

function optionsOf(parameters: ImageParameters, type: string | undefined): string[] {
  const { negativePrompt, width, height, steps, cfgScale, quality, timesteps, sigmas } = parameters
  const usual = defaults[type ?? '']
  const given: [name: string, text: string | undefined, isUsual?: boolean][] = [
    ['negativePrompt', negativePrompt && quoted(negativePrompt)],
    // it makes pictures of the image's size
    ['width', parameters.pipeline === 'StableDiffusionImg2ImgPipeline' ? undefined : numberText(width)],
    ['height', parameters.pipeline === 'StableDiffusionImg2ImgPipeline' ? undefined : numberText(height)],
    ['numInferenceSteps', numberText(steps), steps === usual?.steps || !!(timesteps ?? sigmas)],
    ['guidanceScale', numberText(cfgScale), cfgScale === usual?.cfgScale],
    ...picturesOf(parameters.pipeline).map((name): [string, string] => [name, name]),
    // another tool may mean something else by these three
    ['strength', parameters.pipeline && numberText(parameters.strength)],
    ['paddingMaskCrop', parameters.pipeline && numberText(parameters.maskPadding)],
    ['quality', /^(balanced|fast)$/.test(quality ?? '') ? `'${quality}'` : undefined],
    ['promptSyntax', isA1111(parameters) ? "'a1111'" : undefined],
    ['guidanceRescale', numberText(parameters.guidanceRescale)],
    ['clipSkip', numberText(parameters.clipSkip)],
    ['eta', numberText(parameters.eta)],
    ['timesteps', numbersText(timesteps)],
    ['sigmas', numbersText(sigmas)],
  ]
  return given.flatMap(([name, text, isUsual]) =>
    text === undefined || text === '' || isUsual ? [] : [text === name ? name : `${name}: ${text}`],
  )
}

/** The pictures a call takes, which only the reader has: variables of these names are to hold them. */
function picturesOf(pipeline: string | undefined): string[] {
  if (pipeline === 'StableDiffusionInpaintPipeline') return ['image', 'maskImage']
  if (pipeline === 'StableDiffusionControlNetImg2ImgPipeline') return ['image', 'controlImage']
  return pipeline === 'StableDiffusionImg2ImgPipeline' || pipeline === 'StableDiffusionControlNetPipeline'
    ? ['image']
    : []
}

/** characters; what an editor shows without scrolling */
const lineLength = 100

function callText(pipeline: string, prompt: string, options: string[]): string {
  if (!options.length) return `await ${pipeline}(${prompt})`
  const line = `await ${pipeline}(${prompt}, { ${options.join(', ')} })`
  if (line.length <= lineLength) return line
  return `await ${pipeline}(${prompt}, {\n${options.map(option => `  ${option},\n`).join('')}})`
}

/** A seed beyond 2⁵³ comes as its digits; other tools write others, which no call takes. */
function seedText(seed: number | string): string {
  if (typeof seed === 'string' && /^\d+$/.test(seed)) return `${BigInt(seed)}n`
  if (Number.isSafeInteger(seed) && Number(seed) >= 0) return String(seed)
  const told = JSON.stringify(seed).slice(0, 40)
  throw new Error(`This picture cannot be made again: its seed is ${told}, expected a whole number. Vary it instead.`)
}

/** They come from a file that anyone may have written, and become code: no text passes as a number. */
const numberText = (value: number | undefined) => (Number.isFinite(value) ? String(value) : undefined)

/** Other tools do not tell, and mean their signs so. */
const isA1111 = ({ promptSyntax, prompt, negativePrompt }: ImageParameters) =>
  promptSyntax === 'a1111' ||
  (promptSyntax === undefined && /[()[\]]|\b(AND|BREAK)\b/.test(`${prompt} ${negativePrompt}`))

const numbersText = (values: number[] | undefined) =>
  Array.isArray(values) && values.every(Number.isFinite) ? `[${values.join(', ')}]` : undefined

const isPlace = ({ index, count }: { index: number; count: number }) =>
  Number.isInteger(index) && Number.isInteger(count) && index >= 0 && index < count && count > 1

/** A string literal in single quotes, or in double ones where that spares escapes. */
function quoted(given: string): string {
  const text = String(given)
  const double = JSON.stringify(text)
  if (text.includes("'") && !text.includes('"')) return double
  return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
