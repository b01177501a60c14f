import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultCacheDir, hubCache, isHubId, snapshotFiles } from './hubCache.js'
import { type ModelIndex, modelIndex } from './modelIndex.js'
import { neededFiles } from './neededFiles.js'

/** A model in diffusers layout that lies on this machine: one revision of it. */
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
  /** what fromPretrained's `variant` may be without a download: null for none given. Empty where it cannot be used. */
  variants: (string | null)[]
  /** why it cannot be used */
  problem?: string
}

/**
 * The models in diffusers layout that the hub's cache holds, whole or not.
 * @param accept throws for a model that is not run here
 */
export async function cachedModels(
  accept: (index: ModelIndex, folder: string) => void,
  cacheDir = defaultCacheDir(),
): Promise<CachedModel[]> {
  const ids = (await entries(cacheDir)).flatMap(name => {
    const [kind, owner, ...rest] = name.split('--')
    const id = `${owner}/${rest.join('--')}`
    return kind === 'models' && isHubId(id) ? [id] : []
  })
  const models = await Promise.all(ids.sort().map(id => revisionsOf(id, cacheDir, accept)))
  return models.flat()
}

/** What a folder in diffusers layout is good for. */
export async function inspected(
  id: string,
  folder: string,
  accept: (index: ModelIndex, folder: string) => void,
): Promise<Pick<CachedModel, 'id' | 'folder' | 'bytes' | 'pipeline' | 'variants' | 'problem'>> {
  const paths = await snapshotFiles(folder)
  const sizes = await Promise.all(paths.map(path => stat(join(folder, path)).then(({ size }) => size)))
  const found = { id, folder, bytes: sizes.reduce((sum, size) => sum + size, 0) }
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
  const problems: string[] = []
  const variants = [null, ...variantsIn(paths)].filter(variant => {
    try {
      return neededFiles(paths, index, variant ?? undefined, id)
    } catch (error) {
      problems.push((error as Error).message)
      return false
    }
  })
  return { ...found, pipeline, variants, ...(variants.length === 0 && { problem: problems[0] }) }
}

async function revisionsOf(
  id: string,
  cacheDir: string,
  accept: (index: ModelIndex, folder: string) => void,
): Promise<CachedModel[]> {
  const cache = hubCache(id, cacheDir)
  const refs = await refsOf(cache.folder)
  const commits = await entries(join(cache.folder, 'snapshots'))
  const models = await Promise.all(
    commits.sort().map(async commit => {
      const folder = cache.snapshot(commit)
      if (!(await entries(folder)).includes('model_index.json')) return []
      const revisions = refs.filter(ref => ref.commit === commit).map(({ name }) => name)
      return [{ ...(await inspected(id, folder, accept)), commit, revisions }]
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
    path => /\/(?:diffusion_pytorch_)?model\.(\w+?)(?:-\d{5}-of-\d{5})?\.safetensors$/.exec(path)?.[1] ?? [],
  )
  return [...new Set(found)].sort()
}

const entries = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])
