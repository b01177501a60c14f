import type { ImageParameters } from '../protocol/pictures.js'
import type { Picture } from './source.js'

/** What made a picture beside its prompts, as name and value, in the order that people vary them. */
export function settingsOf({ width, height, made }: Picture): [name: string, value: string][] {
  const { seed, steps, cfgScale, sampler, scheduleType, model, ...known } = made?.parameters ?? ({} as ImageParameters)
  const { index, count } = made?.batch ?? { index: 0, count: 1 }
  const settings: [string, string | number | undefined][] = [
    ['seed', count > 1 && seed !== undefined ? `${seed} (${index + 1} of ${count})` : seed],
    ['steps', steps],
    ['guidance', cfgScale],
    ['sampler', sampler && [sampler, scheduleType].filter(Boolean).join(' ')],
    ['size', `${known.width ?? width} × ${known.height ?? height}`],
    ['strength', known.strength],
    ['mask padding', known.maskPadding],
    ['ControlNet', known.controlNet],
    ['LoRA', known.lora],
    ['LoRA scale', known.loraScale],
    ['textual inversion', known.textualInversion],
    ['quality', known.quality],
    ['guidance rescale', known.guidanceRescale],
    ['clip skip', known.clipSkip],
    ['eta', known.eta],
    ['quantization', known.quantization],
    ['U-Net', known.unet],
    ['text encoder', known.textEncoder],
    ['VAE', known.vae],
    ['VAE tile size', known.vaeTileSize],
    ['model', model],
  ]
  return settings.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, String(value)]]))
}

/** In one line: values that say themselves what they are go without their names. */
export const settingsLine = (settings: [name: string, value: string][]): string =>
  settings.map(([name, value]) => inLine[name]?.(value) ?? value).join('  ·  ')

const inLine: Record<string, (value: string) => string> = {
  'guidance rescale': value => `guidance rescale ${value}`,
  'clip skip': value => `clip skip ${value}`,
  eta: value => `eta ${value}`,
  LoRA: value => `LoRA ${value}`,
  'LoRA scale': value => `LoRA scale ${value}`,
  seed: value => `seed ${value}`,
  steps: value => `${value} steps`,
  guidance: value => `guidance ${value}`,
  strength: value => `strength ${value}`,
  'mask padding': value => `mask padding ${value}`,
  'U-Net': value => `U-Net ${value}`,
  'text encoder': value => `text encoder ${value}`,
  VAE: value => `VAE ${value}`,
  'VAE tile size': value => `VAE tiles of ${value}`,
}

/** What pictures have in common. */
export function commonSettings(pictures: readonly Picture[]): [name: string, value: string][] {
  const [first, ...others] = pictures.map(settingsOf)
  return first.filter(([name, value]) => others.every(other => other.some(([n, v]) => n === name && v === value)))
}
