import { open, readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { CorruptWeightsError, ModelNotFoundError, UnsupportedModelError } from '../errors.js'
import { isMissing } from './json.js'
import { readSafetensors, type Weights } from './safetensors.js'
import { readSafetensorsIndex } from './safetensorsIndex.js'

/**
 * The weights of one part of a model's folder, by reference: its `.safetensors`, whole or sharded, of the variant where
 * there is one, otherwise without.
 *
 * @throws ModelNotFoundError    no such part, or no weights in it
 * @throws UnsupportedModelError weights in pickles (or another format) alone; they are never opened
 * @throws CorruptWeightsError
 */
export async function componentWeights(
  folder: string,
  part: string,
  { variant }: { variant?: string } = {},
): Promise<Weights> {
  const where = join(folder, part)
  const names = await readdir(where).catch(error => {
    if (!isMissing(error)) throw error
    throw new ModelNotFoundError(`expected a folder ${where} with the weights of "${part}": there is none`, {
      cause: error,
    })
  })
  const chosen = weightFiles(names, variant, where)
  const path = join(where, chosen[0])
  await refuseLfsPointer(path)
  return chosen[0].endsWith('.json') ? readSafetensorsIndex(path) : readSafetensors(path)
}

/**
 * Which of a part's files hold its weights, as diffusers chooses: one `.safetensors`, or an index first and its shards
 * after it. Variant files where there are some, otherwise the plain ones.
 * @param names the files of the part's folder
 * @param where the folder, for the errors
 */
export function weightFiles(names: readonly string[], variant: string | undefined, where: string): string[] {
  const suffixes = variant === undefined ? [''] : [`.${variant}`, '']
  for (const suffix of suffixes) {
    for (const base of ['diffusion_pytorch_model', 'model']) {
      const whole = `${base}${suffix}.safetensors`
      if (names.includes(whole)) return [whole]
      const indexes = [`${base}.safetensors.index${suffix}.json`, `${base}.safetensors${suffix}.index.json`]
      const index = indexes.find(name => names.includes(name))
      if (index) return [index, ...names.filter(name => isShard(name, base, suffix))]
    }
  }
  const others = names.filter(name => otherFormats.has(extname(name)))
  if (others.some(name => pickles.has(extname(name))))
    throw new UnsupportedModelError(
      `${where} has its weights in a pickle alone (${others.join(', ')}): ${pickleReason}`,
    )
  if (others.length > 0)
    throw new UnsupportedModelError(`${where} has no .safetensors, only ${others.join(', ')}, which is not read here`)
  throw new ModelNotFoundError(
    `${where}: expected diffusion_pytorch_model.safetensors or model.safetensors; it holds ${names.join(', ') || 'nothing'}`,
  )
}

/**
 * @param paths of all files of a model, `part/name`
 * @throws ModelNotFoundError where no part has weights of the variant asked for: then it is a slip of the pen
 */
export function checkVariant(paths: readonly string[], variant: string | undefined, where: string): void {
  if (variant === undefined) return
  const weights = paths.map(path => path.replaceAll('\\', '/')).filter(path => /\/[^/]+\.safetensors$/.test(path))
  if (weights.some(path => path.includes(`.${variant}.`) || path.includes(`.${variant}-`))) return
  const variants = new Set(
    weights.flatMap(
      path => /\/(?:diffusion_pytorch_)?model\.([\w-]+?)(?:-\d{5}-of-\d{5})?\.safetensors$/.exec(path)?.[1] ?? [],
    ),
  )
  throw new ModelNotFoundError(
    `${where}: expected weights of the variant "${variant}"; ` +
      (variants.size > 0
        ? `it has ${[...variants].join(', ')} and those without a variant`
        : 'it has none: leave `variant` out'),
  )
}

export function isPickle(path: string): boolean {
  return pickles.has(extname(path))
}

export const pickleReason =
  'opening one can run any code, so it is never opened here. Expected .safetensors: see whether the model has a revision ' +
  'with them, or convert it in Python with save_pretrained(folder, safe_serialization=True)'

/** What Python's pickle reads. */
const pickles = new Set(['.ckpt', '.bin', '.pt', '.pth', '.pkl'])

const otherFormats = new Set([...pickles, '.safetensors', '.msgpack', '.onnx', '.h5', '.gguf', '.flashpack'])

/** `model.fp16-00001-of-00002.safetensors`, and as it once was, `model-00001-of-00002.fp16.safetensors` */
function isShard(name: string, base: string, suffix: string): boolean {
  const place = /-\d{5}-of-\d{5}/.exec(name)?.[0]
  return (
    place !== undefined &&
    [`${base}${suffix}${place}.safetensors`, `${base}${place}${suffix}.safetensors`].includes(name)
  )
}

/** A clone made without Git LFS holds a few lines of text instead of each large file. */
async function refuseLfsPointer(path: string): Promise<void> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(40), 0, 40, 0)
    if (buffer.toString('latin1', 0, bytesRead).startsWith('version https://git-lfs'))
      throw new CorruptWeightsError(
        `${path} is a Git LFS pointer, not the file: run \`git lfs pull\` in its repository`,
      )
  } finally {
    await handle.close()
  }
}
