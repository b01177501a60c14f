import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CorruptWeightsError } from '../errors.js'
import { type HubClient, HubUnreachable, networkReason } from './hubClient.js'

/** A file as the hub lists it. */
export interface RemoteFile {
  path: string
  /** bytes */
  size: number
  /** of the content in Git LFS; otherwise Git's own, SHA-1 over a header and the content */
  hash: { algorithm: 'sha256' | 'git'; digest: string }
}

/**
 * Downloads a file to `blob`. It gets that name when it is there whole and its hash is right; until then its bytes are in
 * `<blob>.incomplete`, from where an interrupted download goes on.
 *
 * @param onBytes is told of bytes that came (negative where they are to come again)
 * @throws CorruptWeightsError what came is not what the hub lists, twice
 * @throws HubUnreachable      the connection broke again and again
 */
export async function downloadBlob(
  url: string,
  file: RemoteFile,
  blob: string,
  hub: HubClient,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  await mkdir(dirname(blob), { recursive: true })
  const claim = await claimPartial(blob)
  const partial = claim.path
  try {
    let broken = 0
    for (let corrupt = 0; ; ) {
      let came = 0
      try {
        const digest = await receive(url, file, partial, hub, signal, count => {
          came += count
          onBytes(count)
        })
        if (digest === file.hash.digest) break
        await rm(partial, { force: true })
        onBytes(-file.size)
        if (++corrupt === 2)
          throw new CorruptWeightsError(
            `${url}: expected content with the hash ${file.hash.digest}, got ${digest}, twice: try again later or another HF_ENDPOINT`,
          )
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof HubUnreachable)) throw error
        broken = came > 0 ? 1 : broken + 1
        if (broken === 5) throw error
        await sleep(200 * 2 ** broken, undefined, { signal }).catch(() => signal.throwIfAborted())
      }
    }
    await rename(partial, blob)
  } finally {
    await claim.release()
  }
}

/** Adds what `partial` lacks; resolves to the hash of the whole. */
async function receive(
  url: string,
  file: RemoteFile,
  partial: string,
  hub: HubClient,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<string> {
  const { size } = await stat(partial).catch(() => ({ size: 0 }))
  let have = size <= file.size ? size : 0
  const headers = { 'accept-encoding': 'identity', ...(have > 0 && { range: `bytes=${have}-` }) }
  const response = have > 0 && have === file.size ? undefined : await hub.fetch(url, { headers, signal })
  if (response && response.status !== 206) have = 0
  const hash = hasher(file)
  if (have > 0) for await (const chunk of createReadStream(partial, { end: have - 1 })) hash.update(chunk)
  onBytes(have)

  const handle = await open(partial, have > 0 ? 'r+' : 'w')
  try {
    const chunks = response?.body ?? []
    for await (const chunk of broken(chunks as AsyncIterable<Uint8Array>, url)) {
      if (have + chunk.length > file.size) break
      hash.update(chunk)
      await handle.write(chunk, 0, chunk.length, have)
      have += chunk.length
      onBytes(chunk.length)
    }
  } finally {
    await handle.close()
  }
  if (have !== file.size) throw new HubUnreachable(`${url} ended after ${have} of ${file.size} bytes`)
  return hash.digest('hex')
}

function hasher({ hash, size }: RemoteFile): Hash {
  return hash.algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`)
}

/** A connection that breaks in mid-stream is an unreachable hub. */
async function* broken(chunks: AsyncIterable<Uint8Array>, url: string): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (error) {
    throw new HubUnreachable(`${url} broke off: ${networkReason(error)}`, { cause: error })
  }
}

/** `<blob>.incomplete` for one process at a time; whoever comes meanwhile downloads to a file of its own. */
async function claimPartial(blob: string): Promise<{ path: string; release(): Promise<void> }> {
  const lock = `${blob}.incomplete.pid`
  for (let tries = 0; tries < 2; tries++) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' })
      return { path: `${blob}.incomplete`, release: () => rm(lock, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (isRunning(Number(await readFile(lock, 'utf8').catch(() => '')))) break
    await rm(lock, { force: true })
  }
  const path = `${blob}.${process.pid}-${++claims}.incomplete`
  return { path, release: () => rm(path, { force: true }) }
}

let claims = 0

/** Bytes of an interrupted download, which the next goes on from. */
export async function partialBytes(blob: string): Promise<number> {
  return stat(`${blob}.incomplete`).then(
    ({ size }) => size,
    () => 0,
  )
}

/** The processes that download to a folder of blobs now. */
export async function downloadingTo(blobs: string): Promise<number[]> {
  const names = (await readdir(blobs).catch(() => [])).filter(name => name.endsWith('.incomplete.pid'))
  const pids = await Promise.all(names.map(name => readFile(join(blobs, name), 'utf8').catch(() => '')))
  return [...new Set(pids.map(Number).filter(isRunning))]
}

function isRunning(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
