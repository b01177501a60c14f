import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { defaultCacheDir, hubCache, isHubId, snapshotFiles } from './hubCache.js'
import { readJsonFile } from './json.js'
import { type ModelIndex, modelIndex } from './modelIndex.js'
import { neededFiles, partFiles } from './neededFiles.js'

/** A model, or a piece of one, that lies on this machine: one revision of it. */
export interface CachedModel {
  /** `owner/name`, what fromPretrained takes */
  id: string
  /** absent for the model that ships with the package */
  commit?: string
  /** branches and tags that stand for the commit */
  revisions: string[]
  folder: string
  /** of its files; revisions of one model share those that are alike */
  bytes: number
  /** as model_index.json names it */
  pipeline?: string
  /** what there is where there is no whole pipeline */
  pieces?: Piece[]
  /** what fromPretrained's `variant` may be without a download: null for none given. Empty where it cannot be used. */
  variants: (string | null)[]
  /** why it cannot be used */
  problem?: string
}

export interface Piece {
  /** the class of a part, such as `AutoencoderKL`; or what a file is, such as `a LoRA` */
  kind: string
  /** the part's `subfolder`, `''` for none; or the file */
  path: string
}

/** What is run here. */
export interface KnownModels {
  /** throws for a pipeline that is not */
  accept(index: ModelIndex, folder: string): void
  /** classes of parts that load alone */
  parts: readonly string[]
  /** what a `.safetensors` that is no part's is, such as `a LoRA`; undefined for what is none of ours */
  fileKind(path: string): Promise<string | undefined>
}

/** The models that the hub's cache holds, whole or not, and pieces of models; nothing of what is not for pictures. */
export async function cachedModels(known: KnownModels, cacheDir = defaultCacheDir()): Promise<CachedModel[]> {
  const ids = (await entries(cacheDir)).flatMap(name => {
    const [kind, owner, ...rest] = name.split('--')
    const id = `${owner}/${rest.join('--')}`
    return kind === 'models' && isHubId(id) ? [id] : []
  })
  const models = await Promise.all(ids.sort().map(id => revisionsOf(id, cacheDir, known)))
  return models.flat()
}

type Inspected = Omit<CachedModel, 'commit' | 'revisions'>

/** What a folder in diffusers layout is good for. */
export async function inspected(id: string, folder: string, accept: KnownModels['accept']): Promise<Inspected> {
  const { paths, ...found } = await contents(id, folder)
  let index: ModelIndex
  try {
    index = await modelIndex(folder)
  } catch (error) {
    return { ...found, variants: [], problem: (error as Error).message }
  }
  const pipeline = index._class_name
  try {
    accept(index, folder)
  } catch (error) {
    return { ...found, pipeline, variants: [], problem: (error as Error).message }
  }
  return { ...found, pipeline, ...usable(paths, variant => neededFiles(paths, index, variant, id)) }
}

/** What a folder without a pipeline is good for; undefined where nothing in it is known here. */
async function inspectedPieces(id: string, folder: string, known: KnownModels): Promise<Inspected | undefined> {
  const { paths, ...found } = await contents(id, folder)
  const parts: Piece[] = []
  for (const path of paths.filter(path => /^([^/]+\/)?config\.json$/.test(path))) {
    const kind = await partClass(join(folder, path), known)
    if (kind) parts.push({ kind, path: path.slice(0, -'config.json'.length).replace('/', '') })
  }
  const files: Piece[] = []
  for (const path of paths.filter(path => !parts.some(part => part.path === path.split('/').slice(0, -1).join('/')))) {
    const kind = await kindOfFile(join(folder, path), known)
    if (kind) files.push({ kind, path })
  }
  const pieces = [...parts.filter(({ kind }) => known.parts.includes(kind)), ...files]
  if (pieces.length === 0 && parts.length === 0) return undefined
  if (pieces.length === 0)
    return {
      ...found,
      pieces: parts,
      variants: [],
      problem: `"_class_name" is "${parts[0].kind}"; known here: ${known.parts.join(', ')}`,
    }
  if (files.length > 0) return { ...found, pieces, variants: [null] }
  const check = (variant?: string) =>
    pieces.forEach(({ path }) => void partFiles(paths, { subfolder: path, variant }, id))
  return { ...found, pieces, ...usable(paths, check) }
}

/** diffusers' class; or that of transformers where it is one of ours, since most of its models have nothing to do with pictures. */
async function partClass(path: string, { parts }: KnownModels): Promise<string | undefined> {
  const { _class_name: own, architectures } = (await readJsonFile(path).catch(() => undefined)) ?? {}
  if (typeof own === 'string') return own
  return Array.isArray(architectures) ? architectures.find(name => parts.includes(name)) : undefined
}

async function kindOfFile(path: string, known: KnownModels): Promise<string | undefined> {
  if (basename(path) === 'learned_embeds.bin') return 'a textual inversion'
  return path.endsWith('.safetensors') ? known.fileKind(path).catch(() => undefined) : undefined
}

async function contents(id: string, folder: string) {
  const paths = await snapshotFiles(folder)
  const sizes = await Promise.all(paths.map(path => stat(join(folder, path)).then(({ size }) => size)))
  return { id, folder, paths, bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

/** @param check throws where files of a variant are not whole */
function usable(
  paths: readonly string[],
  check: (variant?: string) => unknown,
): Pick<CachedModel, 'variants' | 'problem'> {
  const problems: string[] = []
  const variants = [null, ...variantsIn(paths)].filter(variant => {
    try {
      check(variant ?? undefined)
      return true
    } catch (error) {
      problems.push((error as Error).message)
      return false
    }
  })
  return { variants, ...(variants.length === 0 && { problem: problems[0] }) }
}

async function revisionsOf(id: string, cacheDir: string, known: KnownModels): Promise<CachedModel[]> {
  const cache = hubCache(id, cacheDir)
  const refs = await refsOf(cache.folder)
  const commits = await entries(join(cache.folder, 'snapshots'))
  const models = await Promise.all(
    commits.sort().map(async commit => {
      const folder = cache.snapshot(commit)
      const isPipeline = (await entries(folder)).includes('model_index.json')
      const found = isPipeline ? await inspected(id, folder, known.accept) : await inspectedPieces(id, folder, known)
      if (!found) return []
      const revisions = refs.filter(ref => ref.commit === commit).map(({ name }) => name)
      return [{ ...found, commit, revisions }]
    }),
  )
  return models.flat()
}

/** The branches and tags that a repository's folder knows, as `main` and `refs/pr/1`, and what they stand for. */
export async function refsOf(folder: string): Promise<{ name: string; commit: string }[]> {
  const refs = join(folder, 'refs')
  const names = await readdir(refs, { recursive: true }).catch(() => [])
  const read = await Promise.all(
    names.map(async name => ({ name, commit: (await readFile(join(refs, name), 'utf8').catch(() => '')).trim() })),
  )
  return read.filter(({ commit }) => commit).map(({ name, commit }) => ({ name: name.replaceAll('\\', '/'), commit }))
}

function variantsIn(paths: readonly string[]): string[] {
  const found = paths.flatMap(
    path => /(?:^|\/)(?:diffusion_pytorch_)?model\.(\w+?)(?:-\d{5}-of-\d{5})?\.safetensors$/.exec(path)?.[1] ?? [],
  )
  return [...new Set(found)].sort()
}

const entries = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])
