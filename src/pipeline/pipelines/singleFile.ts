import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidOptionError, ModelNotFoundError } from '../errors.js'
import { originalConfigs } from '../models/originalConfigs.js'
import { originalFamily } from '../models/originalFamily.js'
import { originalLayout } from '../models/originalLayout.js'
import { loadClipTokenizer, standardClipTokenizer } from '../tokenizer/clip.js'
import { readSafetensors, type Weights } from '../weights/safetensors.js'
import { singleFilePath } from '../weights/singleFilePath.js'
import { userPath } from '../weights/userPath.js'
import type { FromSingleFileOptions } from './fromSingleFileOptions.js'
import { folderFiles, type ModelFiles } from './modelFiles.js'

/**
 * A checkpoint in the original layout: one `.safetensors` with the U-Net, the autoencoder and the text encoder.
 * @param options.config a folder in diffusers layout whose configurations, scheduler and tokenizer are taken, and whose weights for a part that the file
 *   lacks; without it those of the model that the names in the file tell
 * @throws ModelNotFoundError    no such file; a part that neither holds
 * @throws UnsupportedModelError a pickle; another kind of model
 * @throws CorruptWeightsError
 */
export async function singleFile(path: string, { config, ...hub }: FromSingleFileOptions): Promise<ModelFiles> {
  const file = await singleFilePath(path, hub)
  const weights = await readSafetensors(file)
  if (config !== undefined) await checkConfig(config)
  const family = await originalFamily(weights, file)
  const layout = originalLayout(weights, file)
  const folder = config === undefined ? undefined : folderFiles(userPath(config))
  const builtIn = originalConfigs(family)

  /** What the file has of a part; else what the folder has of it. */
  async function having(part: string, name: string, own: Weights | undefined, other?: () => Promise<Weights>) {
    if (own) return own
    if (other) return other()
    throw new ModelNotFoundError(
      `${file} holds no ${name}: give ${part === 'vae' ? '`vae`, such as await AutoencoderKL.fromSingleFile(path), or ' : ''}` +
        `\`config\`, a folder in diffusers layout whose ${part} is taken for it`,
    )
  }

  return {
    config: async part => folder?.config(part) ?? builtIn[part],
    where: part => folder?.where(part) ?? `${file}, ${part} of Stable Diffusion ${family.version}.x`,
    unet: config => having('unet', 'U-Net', layout.unet(config), folder && (() => folder.unet(config))),
    vae: config => having('vae', 'autoencoder', config && layout.vae(config), folder && (() => folder.vae(config))),
    textEncoder: config =>
      having('text_encoder', 'text encoder', layout.textEncoder(config), folder && (() => folder.textEncoder(config))),
    async tokenizer() {
      const own = config === undefined ? undefined : join(userPath(config), 'tokenizer')
      const has = own !== undefined && (await stat(own).catch(() => undefined))
      return has ? loadClipTokenizer(own) : standardClipTokenizer({ pad: family.version === 2 ? '!' : '<|endoftext|>' })
    },
  }
}

async function checkConfig(config: string): Promise<void> {
  const found = typeof config === 'string' ? await stat(userPath(config)).catch(() => undefined) : undefined
  if (!found?.isDirectory())
    throw new InvalidOptionError(
      `config must be a folder in diffusers layout, got ${JSON.stringify(config)}: there is no such folder`,
    )
}
