import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelNotFoundError } from '../errors.js'
import {
  defaultCacheDir,
  type HubCache,
  hubCache,
  isCommit,
  isTrue,
  linkToBlob,
  missingFiles,
  snapshotFiles,
} from './hubCache.js'
import { HubUnreachable, hubClient } from './hubClient.js'
import { downloadBlob, type RemoteFile } from './hubDownload.js'
import { checkLayout, checkRevision, listModel } from './hubListing.js'
import { type ModelIndex, modelIndex } from './modelIndex.js'
import { hasSafetyChecker, neededFiles, type PartFiles, partFiles } from './neededFiles.js'

export interface DownloadOptions {
  /** branch, tag or commit (`'main'`) */
  revision?: string
  /** such as `'fp16'`: weight files with that word in their name, where a part has them */
  variant?: string
  /** instead of HF_HUB_CACHE, HF_HOME/hub or ~/.cache/huggingface/hub */
  cacheDir?: string
  /** no network: the cache alone, as HF_HUB_OFFLINE=1 has it */
  localFilesOnly?: boolean
  /** instead of HF_TOKEN and the token that `hf auth login` stored */
  token?: string
  /** ends a download, which a later one goes on with */
  signal?: AbortSignal
  /** `loaded` of `total` bytes of all files to be downloaded; `file` is the one that came on */
  onProgress?: (progress: { file: string; loaded: number; total: number }) => void
  /** throws for a model that the caller does not run: asked before any of its weights are downloaded */
  accept?: (index: ModelIndex, folder: string) => void
  /** parts of model_index.json that are not wanted */
  without?: readonly string[]
}

/**
 * A model of the Hugging Face hub → its snapshot folder in the cache shared with Python's huggingface_hub, after downloading
 * what a pipeline needs of it and the cache lacks. A hub that cannot be reached is a warning where the cache has the model whole.
 *
 * @param id `owner/name`
 * @throws ModelNotFoundError    no such model, revision or file; gated; not cached while offline
 * @throws UnsupportedModelError weights in pickles alone
 * @throws CorruptWeightsError   content that is not what the hub lists
 */
export async function downloadModel(id: string, options: DownloadOptions): Promise<string> {
  const { variant, accept, without } = options
  return downloadFiles(id, options, {
    async told(files, folder, fetch) {
      checkLayout(id, files)
      await fetch('model_index.json')
      const index = await modelIndex(folder)
      accept?.(index, folder)
      return neededFiles([...files.keys()], index, variant, id, without)
    },
    async check(paths, folder) {
      const index = await modelIndex(folder)
      const needed = neededFiles(paths, index, variant, id, without)
      return !hasSafetyChecker(index, without) || needed.includes('safety_checker/config.json')
    },
  })
}

/** The same of one part, in a repository of its own or in a subfolder of a pipeline's. */
export async function downloadPart(id: string, options: DownloadOptions & PartFiles): Promise<string> {
  return downloadFiles(id, options, {
    told: async files => partFiles([...files.keys()], options, id),
    check: async paths => partFiles(paths, options, id).length > 0,
  })
}

/**
 * One file of a repository, through the same cache: of a LoRA, say.
 * @param choose of the names that there are; throws where none will do
 * @returns its path
 */
export async function downloadOne(
  id: string,
  options: DownloadOptions,
  choose: (names: readonly string[]) => string,
): Promise<string> {
  let chosen = ''
  const folder = await downloadFiles(id, options, {
    async told(files) {
      chosen = choose([...files.keys()])
      return [chosen]
    },
    async check(names) {
      chosen = choose(names)
      return false
    },
  })
  return join(folder, chosen)
}

/** Which of a repository's files are wanted. */
interface Wanted {
  /** asked of what the hub lists; may fetch a file that tells it */
  told(
    files: ReadonlyMap<string, RemoteFile>,
    folder: string,
    fetch: (path: string) => Promise<void>,
  ): Promise<string[]>
  /** throws where a snapshot with these files lacks one; false: it will do, and the hub may have more */
  check(paths: string[], folder: string): Promise<boolean>
}

async function downloadFiles(id: string, options: DownloadOptions, wanted: Wanted): Promise<string> {
  const { revision = 'main', cacheDir, signal } = options
  checkRevision(revision)
  const cache = hubCache(id, cacheDir)
  const cached = () => wholeSnapshot(cache, revision, wanted)

  const offline = options.localFilesOnly ? 'localFilesOnly is set' : isOffline() && 'HF_HUB_OFFLINE is set'
  if (offline) {
    const { folder } = await cached().catch(error => Promise.reject(notCached(id, offline, cacheDir, error)))
    return folder
  }
  if (isCommit(revision)) {
    const { folder, isWhole } = await cached().catch(() => ({ folder: '', isWhole: false }))
    if (isWhole) return folder
  }
  try {
    return await download(id, revision, options, cache, wanted)
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof HubUnreachable)) throw error
    const { folder } = await cached().catch(missing => Promise.reject(notCached(id, error.message, cacheDir, missing)))
    console.warn(`${error.message}. Using what the cache has of ${id}: ${folder}`)
    return folder
  }
}

async function download(
  id: string,
  revision: string,
  options: DownloadOptions,
  cache: HubCache,
  wanted: Wanted,
): Promise<string> {
  const { signal } = options
  const hub = await hubClient(id, options)
  const { commit, files } = await listModel(id, revision, hub)
  const folder = cache.snapshot(commit)
  const missing = async (paths: string[]) => (await missingFiles(folder, paths)).map(path => files.get(path)!)
  const fetchAll = async (wanted: RemoteFile[], onProgress?: DownloadOptions['onProgress']) => {
    const total = wanted.reduce((sum, { size }) => sum + size, 0)
    let loaded = 0
    await inParallel(4, wanted, signal, async (file, stop) => {
      const blob = cache.blob(file.hash.digest)
      const url = `${hub.endpoint}/${id}/resolve/${commit}/${file.path}`
      const onBytes = (count: number) => {
        loaded += count
        onProgress?.({ file: file.path, loaded, total })
      }
      const there = await access(blob).then(
        () => true,
        () => false,
      )
      if (there) onBytes(file.size)
      else await downloadBlob(url, file, blob, hub, stop, onBytes)
      await linkToBlob(join(folder, file.path), blob)
    })
  }

  // untold: what all comes to is known only then
  const needed = await wanted.told(files, folder, async path => fetchAll(await missing([path])))
  await fetchAll(await missing(needed), options.onProgress)
  await cache.setCommit(revision, commit)
  return folder
}

/** The cached snapshot of a revision, when it has all that is wanted. */
async function wholeSnapshot(
  cache: HubCache,
  revision: string,
  wanted: Wanted,
): Promise<{ folder: string; isWhole: boolean }> {
  const commit = await cache.commitOf(revision)
  if (!commit) throw new ModelNotFoundError(`the revision "${revision}" was never downloaded`)
  const folder = cache.snapshot(commit)
  const paths = await snapshotFiles(folder)
  if (paths.length === 0) throw new ModelNotFoundError(`the revision "${revision}" was never downloaded`)
  return { folder, isWhole: await wanted.check(paths, folder) }
}

function notCached(id: string, why: string, cacheDir: string | undefined, cause: Error): ModelNotFoundError {
  return new ModelNotFoundError(
    `${id} is not in the cache ${cacheDir ?? defaultCacheDir()} (${cause.message}), and ${why}. ` +
      'Run it once with a connection, or name a folder in diffusers layout; HF_ENDPOINT names a mirror of the hub',
    { cause },
  )
}

/** As HF_HUB_OFFLINE has it: nobody is asked. */
export function isOffline(): boolean {
  return isTrue(process.env.HF_HUB_OFFLINE || process.env.TRANSFORMERS_OFFLINE)
}

/** Runs at most `count` at a time; the first error, or the signal, stops them all. */
async function inParallel<T>(
  count: number,
  items: T[],
  signal: AbortSignal | undefined,
  work: (item: T, stop: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController()
  const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) {
      stop.throwIfAborted()
      await work(item, stop)
    }
  }
  const workers = Array.from({ length: count }, () => worker().catch(error => failed.abort(error)))
  await Promise.all(workers)
  stop.throwIfAborted()
}
