import { InvalidOptionError } from '../errors.js'
import type { Image } from '../image/image.js'
import { samplesOf } from '../image/samples.js'
import type { ControlNetModel } from '../models/controlNetModel.js'
import { modelName } from '../models/modelName.js'
import { finite, shown } from '../optionChecks.js'
import type { Tensor } from '../tensor.js'
import type { Call } from './callOptions.js'
import type { Control } from './controlNets.js'
import { checkedImages, checkPromptCount } from './imageOptions.js'

/** What ControlNets are shown: one picture for all prompts or one a prompt; for several, a list with one each, or such a list a prompt. */
export type ControlImages = Image | Image[] | Image[][]

export interface ControlOptions {
  /** what all that a ControlNet tells is multiplied with: one for all, or one each */
  controlnetConditioningScale?: number | number[]
  /** the share of the steps before which a ControlNet has no say, 0…1: one for all, or one each (0) */
  controlGuidanceStart?: number | number[]
  /** the share after which it has none, 0…1 (1) */
  controlGuidanceEnd?: number | number[]
  /** the ControlNet makes out the picture even without a prompt; with a guidanceScale from 3 to 5 (false) */
  guessMode?: boolean
}

export const controlOptionNames = [
  'controlnetConditioningScale',
  'controlGuidanceStart',
  'controlGuidanceEnd',
  'guessMode',
] as const satisfies (keyof ControlOptions)[]

/** How ControlNets steer a call, without what they are shown. */
export interface CheckedControl {
  says: Pick<Control, 'controlnet' | 'scale' | 'start' | 'end'>[]
  guessMode: boolean
  /** as a picture's parameters tell it */
  controlNet: string
}

/** @throws InvalidOptionError naming the option, what it may be and what came */
export function checkedControl(
  nets: readonly ControlNetModel[],
  options: ControlOptions,
  defaultScale: number,
): CheckedControl {
  const scales = oneEach(
    'controlnetConditioningScale',
    options.controlnetConditioningScale ?? defaultScale,
    nets.length,
  )
  const starts = oneEach('controlGuidanceStart', options.controlGuidanceStart ?? 0, nets.length, 0, 1)
  const ends = oneEach('controlGuidanceEnd', options.controlGuidanceEnd ?? 1, nets.length, 0, 1)
  for (const [i, start] of starts.entries())
    if (start >= ends[i])
      throw new InvalidOptionError(`controlGuidanceStart must be below controlGuidanceEnd, got ${start} and ${ends[i]}`)
  const { guessMode = false } = options
  if (typeof guessMode !== 'boolean')
    throw new InvalidOptionError(`guessMode must be true or false, got ${shown(guessMode)}`)
  const says = nets.map((controlnet, i) => ({ controlnet, scale: scales[i], start: starts[i], end: ends[i] }))
  const told = says.map(
    ({ controlnet, scale, start, end }) => `${modelName(controlnet.source)} ${scale} (${start}–${end})`,
  )
  return {
    says,
    guessMode: guessMode || nets[0].config.globalPoolConditions,
    controlNet: [...told, ...(guessMode ? ['guess mode'] : [])].join('; '),
  }
}

/** @returns for each ControlNet its pictures, one for all prompts or one a prompt */
export function controlImages(name: string, value: unknown, nets: readonly ControlNetModel[]): Image[][] {
  if (nets.length === 1) return [checkedImages(name, value)]
  const lists = Array.isArray(value) && value.some(Array.isArray) ? value : [value]
  for (const list of lists)
    if (!Array.isArray(list) || list.length !== nets.length)
      throw new InvalidOptionError(
        `${name} must be a list with one Image for each of ${nets.length} ControlNets, got ${shown(list)}`,
      )
  return nets.map((_, i) =>
    checkedImages(
      name,
      lists.map(list => list[i]),
    ),
  )
}

/** @returns for each ControlNet samples [1 or prompts, 3, height, width], 0…1 */
export function controlSamples(name: string, images: Image[][], { width, height, ...call }: Call): Tensor[] {
  return images.map(each => {
    const samples = samplesOf(each, width, height)
    checkPromptCount(name, samples, call.batch / call.numImagesPerPrompt)
    return samples
  })
}

function oneEach(name: string, value: number | number[], count: number, least?: number, most?: number): number[] {
  const values = Array.isArray(value) ? value : Array<number>(count).fill(value)
  if (values.length !== count)
    throw new InvalidOptionError(
      `${name} must be a number, or a list with one for each of ${count} ControlNets, got ${shown(value)}`,
    )
  return values.map(one => finite(name, one, least, most))
}
