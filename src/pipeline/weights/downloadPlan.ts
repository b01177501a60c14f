import { readdir } from 'node:fs/promises'
import { ModelNotFoundError } from '../errors.js'
import { type DownloadOptions, isOffline } from './hub.js'
import { hubCache, missingFiles } from './hubCache.js'
import { type HubClient, HubUnreachable, hubClient } from './hubClient.js'
import { partialBytes } from './hubDownload.js'
import { checkLayout, checkRevision, listModel } from './hubListing.js'
import { type ModelIndex, modelIndex, parseModelIndex } from './modelIndex.js'
import { neededFiles } from './neededFiles.js'

/** What `downloadModel` would fetch. */
export interface DownloadPlan {
  commit: string
  /** the snapshot's, there or to be made */
  folder: string
  /** all files that a pipeline reads, in bytes */
  bytes: number
  /** of those, what is still to come */
  missing: number
}

/** Asks the hub what a download comes to, and writes nothing. Options and errors as `downloadModel`. */
export async function downloadPlan(id: string, options: DownloadOptions): Promise<DownloadPlan> {
  const { revision = 'main' } = options
  checkRevision(revision)
  if (isOffline()) throw new ModelNotFoundError(`HF_HUB_OFFLINE is set: the hub is not asked for ${id}`)
  try {
    return await planned(id, revision, options, await hubClient(id, options))
  } catch (error) {
    if (!(error instanceof HubUnreachable)) throw error
    throw new ModelNotFoundError(`${error.message}. HF_ENDPOINT names a mirror of the hub`, { cause: error })
  }
}

async function planned(
  id: string,
  revision: string,
  { variant, cacheDir, accept, without }: DownloadOptions,
  hub: HubClient,
): Promise<DownloadPlan> {
  const { commit, files } = await listModel(id, revision, hub)
  checkLayout(id, files)
  const cache = hubCache(id, cacheDir)
  const folder = cache.snapshot(commit)
  const isThere = await readdir(folder).then(
    names => names.includes('model_index.json'),
    () => false,
  )
  const index = isThere ? await modelIndex(folder) : await remoteIndex(id, commit, hub)
  accept?.(index, isThere ? folder : id)

  const needed = neededFiles([...files.keys()], index, variant, id, without)
  const missing = await Promise.all(
    (await missingFiles(folder, needed)).map(async path => {
      const { size, hash } = files.get(path)!
      const blob = cache.blob(hash.digest)
      if ((await missingFiles('', [blob])).length === 0) return 0
      return size - Math.min(size, await partialBytes(blob))
    }),
  )
  return {
    commit,
    folder,
    bytes: sum(needed.map(path => files.get(path)!.size)),
    missing: sum(missing),
  }
}

async function remoteIndex(id: string, commit: string, hub: HubClient): Promise<ModelIndex> {
  const response = await hub.fetch(`${hub.endpoint}/${id}/resolve/${commit}/model_index.json`)
  return parseModelIndex((await response.json()) as Record<string, unknown>, `${id}/model_index.json`)
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
