import type { ClipTextConfig } from '../models/clip.js'
import type { UNetConfig } from '../models/unet.js'
import type { VaeConfig } from '../models/vae.js'
import { type ClipTokenizer, loadClipTokenizer } from '../tokenizer/clip.js'
import { componentWeights, readJson } from '../weights/repository.js'
import type { Weights } from '../weights/safetensors.js'

/** What a Stable Diffusion pipeline is read from: a folder in diffusers layout, or one file in the original layout. */
export interface ModelFiles {
  /** as config.json, or scheduler_config.json, has it */
  config(part: 'unet' | 'vae' | 'text_encoder' | 'scheduler'): Promise<Record<string, unknown>>
  /** where that configuration is, for messages */
  where(part: string): string
  unet(config: UNetConfig): Promise<Weights>
  /** @param config undefined for an AutoencoderTiny, which a folder alone may have */
  vae(config: VaeConfig | undefined): Promise<Weights>
  textEncoder(config: ClipTextConfig): Promise<Weights>
  tokenizer(): Promise<ClipTokenizer>
}

/** A folder in diffusers layout. */
export function folderFiles(folder: string, variant?: string): ModelFiles {
  const file = (part: string) => `${part}/${part === 'scheduler' ? 'scheduler_config' : 'config'}.json`
  return {
    config: part => readJson(folder, file(part)),
    where: part => `${folder}/${file(part)}`,
    unet: () => componentWeights(folder, 'unet', { variant }),
    vae: () => componentWeights(folder, 'vae', { variant }),
    textEncoder: () => componentWeights(folder, 'text_encoder', { variant }),
    tokenizer: () => loadClipTokenizer(`${folder}/tokenizer`),
  }
}
