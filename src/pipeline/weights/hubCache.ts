import { randomUUID } from 'node:crypto'
import { access, copyFile, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { isMissing } from './json.js'

/**
 * One repository in the cache that Python's huggingface_hub has too: `refs/<revision>` holds a commit, files of
 * `snapshots/<commit>/` are links to `blobs/<hash>`.
 * @see https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
export interface HubCache {
  /** of the repository; nothing of it lies elsewhere */
  readonly folder: string
  blob(hash: string): string
  snapshot(commit: string): string
  /** the commit last seen under a branch or tag; a commit is itself */
  commitOf(revision: string): Promise<string | undefined>
  setCommit(revision: string, commit: string): Promise<void>
}

export function hubCache(id: string, cacheDir: string = defaultCacheDir()): HubCache {
  const folder = join(expanded(cacheDir), `models--${id.replace('/', '--')}`)
  const ref = (revision: string) => join(folder, 'refs', revision)
  return {
    folder,
    blob: hash => join(folder, 'blobs', hash),
    snapshot: commit => join(folder, 'snapshots', commit),
    async commitOf(revision) {
      if (isCommit(revision)) return revision
      const commit = await readFile(ref(revision), 'utf8').catch(error => {
        if (isMissing(error)) return ''
        throw error
      })
      return isCommit(commit.trim()) ? commit.trim() : undefined
    },
    async setCommit(revision, commit) {
      if (revision === commit) return
      await mkdir(dirname(ref(revision)), { recursive: true })
      const temporary = `${ref(revision)}.${randomUUID()}`
      await writeFile(temporary, commit)
      await rename(temporary, ref(revision))
    },
  }
}

/** Where huggingface_hub looks: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub. */
export function defaultCacheDir(): string {
  return expanded(process.env.HF_HUB_CACHE || process.env.HUGGINGFACE_HUB_CACHE || join(hubHome(), 'hub'))
}

/** HF_TOKEN, or what `hf auth login` stored. */
export async function storedToken(): Promise<string | undefined> {
  const { HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH, HF_HUB_DISABLE_IMPLICIT_TOKEN } = process.env
  if (isTrue(HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined
  const given = HF_TOKEN?.trim() || HUGGING_FACE_HUB_TOKEN?.trim()
  if (given) return given
  const stored = await readFile(expanded(HF_TOKEN_PATH || join(hubHome(), 'token')), 'utf8').catch(() => '')
  return stored.trim() || undefined
}

/** True for the values that huggingface_hub takes as true. */
export function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '')
}

/** `owner/name`, as huggingface_hub's `validate_repo_id` has it. */
export function isHubId(source: string): boolean {
  return /^[\w.-]{1,96}\/[\w.-]{1,96}$/.test(source) && !/(^|\/)[.-]|[.-]($|\/)|--|\.\./.test(source)
}

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision)
}

/** The files of a snapshot, as `part/name`, without links that lead nowhere. */
export async function snapshotFiles(snapshot: string): Promise<string[]> {
  const names = await readdir(snapshot, { recursive: true }).catch(error => {
    if (isMissing(error)) return []
    throw error
  })
  const found = await Promise.all(names.map(name => stat(join(snapshot, name)).catch(() => undefined)))
  return names.filter((_, i) => found[i]?.isFile()).map(name => name.replaceAll('\\', '/'))
}

/** Those of `paths` that a snapshot lacks. */
export async function missingFiles(snapshot: string, paths: readonly string[]): Promise<string[]> {
  const lacking = await Promise.all(
    paths.map(path =>
      access(join(snapshot, path)).then(
        () => [],
        () => [path],
      ),
    ),
  )
  return lacking.flat()
}

/** Makes `path` a link to the blob; a copy where the system has no links for this user. */
export async function linkToBlob(path: string, blob: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  try {
    await symlink(relative(dirname(path), blob), path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'EPERM' && code !== 'ENOSYS' && code !== 'EINVAL') throw error
    const temporary = `${path}.${randomUUID()}`
    await copyFile(blob, temporary)
    await rename(temporary, path)
  }
}

function hubHome(): string {
  const { HF_HOME, XDG_CACHE_HOME } = process.env
  return expanded(HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface'))
}

/** `~` and `$NAME`, which huggingface_hub takes in its variables. */
function expanded(path: string): string {
  return path
    .replace(/^~(?=$|[\\/])/, homedir())
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, plain) => process.env[braced ?? plain] ?? whole)
}
