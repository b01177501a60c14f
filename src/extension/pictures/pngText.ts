import { crc32 } from 'node:zlib'
import type { ImageParameters } from '../../protocol/pictures.js'

/** The PNG with a `parameters` text, as the pipeline writes it, which may not be loaded here. */
export function withParameters(png: Uint8Array, parameters: ImageParameters): Uint8Array {
  const text = parametersText(parameters).replaceAll('\0', '')
  const isLatin1 = [...text].every(character => character.codePointAt(0)! < 256)
  // in UTF-8 with no compression, method 0, no language, no translated keyword
  const chunk = isLatin1
    ? pngChunk('tEXt', Buffer.from(`parameters\0${text}`, 'latin1'))
    : pngChunk('iTXt', Buffer.from(`parameters\0\0\0\0\0${text}`, 'utf8'))
  return Buffer.concat([png.subarray(0, endOfHeader), chunk, png.subarray(endOfHeader)])
}

/** The signature and the IHDR chunk, always first. */
const endOfHeader = 8 + 25

function pngChunk(type: string, content: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), content])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(content.length)
  sum.writeUInt32BE(crc32(typed))
  return Buffer.concat([length, typed, sum])
}

/** @see stable-diffusion-webui modules/infotext_utils.py; `pipeline/image/parameters.ts` writes the same, held by a test */
function parametersText(parameters: ImageParameters): string {
  const { prompt, negativePrompt, width, height } = parameters
  const settings: [string, string | number | undefined][] = [
    ['Steps', parameters.steps],
    ['Sampler', parameters.sampler],
    ['Schedule type', parameters.scheduleType],
    ['CFG scale', parameters.cfgScale],
    ['Seed', parameters.seed],
    ['Size', width !== undefined && height !== undefined ? `${width}x${height}` : undefined],
    ['Pipeline', parameters.pipeline],
    ['Denoising strength', parameters.strength],
    ['Masked area padding', parameters.maskPadding],
    ['ControlNet', parameters.controlNet],
    ['LoRA', parameters.lora],
    ['LoRA scale', parameters.loraScale],
    ['Textual inversion', parameters.textualInversion],
    ['Clip skip', parameters.clipSkip && parameters.clipSkip + 1],
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
  const quoted = (value: string) => (/[,:\n"]/.test(value) ? JSON.stringify(value) : value)
  const line = settings.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${quoted(String(value))}`]))
  return [prompt, ...(negativePrompt ? [`Negative prompt: ${negativePrompt}`] : []), line.join(', ')].join('\n')
}
