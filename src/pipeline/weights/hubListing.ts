import { InvalidOptionError, ModelNotFoundError } from '../errors.js'
import { isCommit } from './hubCache.js'
import { type HubClient, HubUnreachable } from './hubClient.js'
import type { RemoteFile } from './hubDownload.js'

/**
 * What the hub holds of a model at a revision.
 * @throws ModelNotFoundError no such model or revision
 * @throws HubUnreachable
 */
export async function listModel(
  id: string,
  revision: string,
  hub: HubClient,
): Promise<{ commit: string; files: Map<string, RemoteFile> }> {
  const { modelInfo, listFiles } = await import('@huggingface/hub')
  const request = { hubUrl: hub.endpoint, fetch: hub.fetch }
  try {
    const { sha } = await modelInfo({ ...request, name: id, revision, additionalFields: ['sha'] })
    if (!isCommit(sha)) throw new SyntaxError(`the commit "${sha}"`)
    const files = new Map<string, RemoteFile>()
    for await (const entry of listFiles({ ...request, repo: id, revision: sha, recursive: true })) {
      const { path, type, lfs, oid = '' } = entry
      const hash = lfs ? { algorithm: 'sha256' as const, digest: lfs.oid } : { algorithm: 'git' as const, digest: oid }
      if (type !== 'file' || !isPlain(path)) continue
      if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash.digest)) throw new SyntaxError(`no hash for ${path}`)
      files.set(path, { path, size: lfs?.size ?? entry.size, hash })
    }
    return { commit: sha, files }
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new HubUnreachable(`${hub.endpoint} gives no answer of a hub: ${error.message}`, { cause: error })
    throw error
  }
}

/** It becomes a path of the cache. @throws InvalidOptionError */
export function checkRevision(revision: string): void {
  if (!/^[\w.-]+(\/[\w.-]+)*$/.test(revision) || revision.includes('..'))
    throw new InvalidOptionError(`revision must be a branch, tag or commit, got ${JSON.stringify(revision)}`)
}

/** Paths come from outside and become paths here. */
function isPlain(path: string): boolean {
  return path.split('/').every(name => /^[^\\:\0]+$/.test(name) && name !== '.' && name !== '..')
}

/** @throws ModelNotFoundError for a repository that holds no pipeline in diffusers layout */
export function checkLayout(id: string, files: ReadonlyMap<string, RemoteFile>): void {
  if (files.has('model_index.json')) return
  if (files.has('config.json'))
    throw new ModelNotFoundError(
      `${id} is no whole pipeline, it has no model_index.json: load it with its own class, such as AutoencoderKL.fromPretrained('${id}')`,
    )
  const single = [...files.keys()].filter(path => /^[^/]+\.(safetensors|ckpt)$/.test(path))
  throw new ModelNotFoundError(
    `${id} is no model in diffusers layout: it has no model_index.json` +
      (single.length > 0
        ? `, but single files in another layout (${single.join(', ')}), of which fromSingleFile loads one by its link`
        : ''),
  )
}
