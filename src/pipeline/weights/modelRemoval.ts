import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InvalidOptionError, ModelNotFoundError } from '../errors.js'
import { refsOf } from './cachedModels.js'
import { defaultCacheDir, hubCache, isHubId } from './hubCache.js'
import { downloadingTo } from './hubDownload.js'

/** What a removal frees; nothing has been removed yet. */
export interface ModelRemoval {
  id: string
  /** that go */
  commits: string[]
  /** that the disk gets back */
  bytes: number
  remove(): Promise<void>
}

/**
 * Takes a model, or one revision of it, out of the hub's cache. What other revisions use stays, and so does whatever lies
 * outside the model's own folder.
 *
 * @throws InvalidOptionError for an id that is none, and while the model is being downloaded
 * @throws ModelNotFoundError where the cache has no such model or revision
 */
export async function modelRemoval(
  id: string,
  { revision, cacheDir = defaultCacheDir() }: { revision?: string; cacheDir?: string } = {},
): Promise<ModelRemoval> {
  if (!isHubId(id)) throw new InvalidOptionError(`expected a hub id (owner/name), got ${JSON.stringify(id)}`)
  const { folder } = hubCache(id, cacheDir)
  const there = await lstat(folder).catch(() => undefined)
  if (!there) throw new ModelNotFoundError(`${id} is not in the cache ${cacheDir}: see sdnb models list`)
  if (!there.isDirectory())
    throw new InvalidOptionError(`${folder} is a link: what it leads to is not removed from here; remove it by hand`)
  const [pid] = await downloadingTo(join(folder, 'blobs'))
  if (pid) throw new InvalidOptionError(`${id} is being downloaded by the process ${pid}: stop that first`)

  const commits = await readdir(join(folder, 'snapshots')).catch(() => [])
  const refs = await refsOf(folder)
  const chosen = revision === undefined ? commits : commits.filter(commit => commit === commitOf(revision, refs))
  if (revision !== undefined && chosen.length === 0)
    throw new ModelNotFoundError(
      `the cache has no revision "${revision}" of ${id}; it has ${[...refs.map(({ name }) => name), ...commits].join(', ')}`,
    )
  if (chosen.length === commits.length)
    return {
      id,
      commits,
      bytes: sum(await Promise.all((await filesBelow(folder)).map(sizeOf))),
      remove: () => rm(folder, { recursive: true }),
    }

  const snapshots = (of: string[]) => of.map(commit => join(folder, 'snapshots', commit))
  const stay = await blobsOf(snapshots(commits.filter(commit => !chosen.includes(commit))), folder)
  const blobs = [...(await blobsOf(snapshots(chosen), folder))].filter(blob => !stay.has(blob))
  const copies = (await Promise.all(snapshots(chosen).map(filesBelow))).flat()
  return {
    id,
    commits: chosen,
    bytes: sum(await Promise.all([...blobs, ...copies].map(sizeOf))),
    async remove() {
      // In this order a stop halfway leaves blobs that nobody names, never a name that leads nowhere.
      for (const { name } of refs.filter(({ commit }) => chosen.includes(commit))) await rm(join(folder, 'refs', name))
      for (const snapshot of snapshots(chosen)) await rm(snapshot, { recursive: true })
      for (const blob of blobs) await rm(blob, { force: true })
    },
  }
}

const commitOf = (revision: string, refs: { name: string; commit: string }[]) =>
  refs.find(({ name }) => name === revision)?.commit ?? revision

/** The repository's own blobs that its snapshots lead to. */
async function blobsOf(snapshots: string[], folder: string): Promise<Set<string>> {
  const blobs = join(folder, 'blobs')
  const home = await realpath(blobs).catch(() => blobs)
  const paths = (await Promise.all(snapshots.map(linksBelow))).flat()
  const targets = await Promise.all(paths.map(path => realpath(path).catch(() => '')))
  return new Set(targets.filter(target => dirname(target) === home).map(target => join(blobs, basename(target))))
}

const linksBelow = async (folder: string) => below(folder, entry => entry.isSymbolicLink())
const filesBelow = async (folder: string) => below(folder, entry => entry.isFile())

/** Links to folders are links, not folders. */
async function below(folder: string, which: (entry: Dirent) => boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const found = await Promise.all(
    entries.map(entry => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? below(path, which) : which(entry) ? [path] : []
    }),
  )
  return found.flat()
}

const sizeOf = async (path: string) => (await lstat(path)).size

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
