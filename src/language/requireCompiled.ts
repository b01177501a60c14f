import { isAscii } from 'node:buffer'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { cachedDataVersionTag } from 'node:v8'
import { compileFunction } from 'node:vm'

/**
 * What a CommonJS file exports, as `require` gives it. What V8 has compiled of it is kept in the user's cache, for this version of Node,
 * as `module.enableCompileCache()` of Node 22 keeps it for every file: there is no compiling from the second time on.
 * @param file absolute path
 */
export function requireCompiled(file: string, env: NodeJS.ProcessEnv = process.env): unknown {
  const bytes = readFileSync(file)
  // nine megabytes are read in half the time where no byte can be part of a longer character
  const source = bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
  const compile = (options: { cachedData?: Buffer; produceCachedData?: boolean }) =>
    compileFunction(source, ['exports', 'require', 'module', '__filename', '__dirname'], { filename: file, ...options })

  const cache = cacheFile(file, env)
  const cachedData = kept(cache)
  let run = cachedData && compile({ cachedData })
  // V8 refuses what other sources or another V8 gave
  if (!run || run.cachedDataRejected) {
    run = compile({ produceCachedData: true })
    if (run.cachedData) keep(cache, run.cachedData)
  }
  const module = { exports: {} }
  run(module.exports, createRequire(file), module, file, dirname(file))
  return module.exports
}

/** Changes with the file and with V8; may be removed at any time. */
function cacheFile(file: string, env: NodeJS.ProcessEnv): string {
  const { size, mtimeMs } = statSync(file)
  const parts = [basename(file, '.js'), size, Math.round(mtimeMs), process.arch, cachedDataVersionTag()]
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'sdnb', 'compiled', parts.join('-'))
}

/** V8 trusts what it is given, and would crash of what a disk has damaged. */
const checksum = (data: Buffer) => createHash('sha256').update(data).digest()
const checksumBytes = 32

function kept(path: string): Buffer | undefined {
  try {
    const content = readFileSync(path)
    const data = content.subarray(checksumBytes)
    return checksum(data).equals(content.subarray(0, checksumBytes)) ? data : undefined
  } catch {
    return undefined
  }
}

/** Whole or not at all, as others may read it. */
function keep(path: string, data: Buffer): void {
  const part = `${path}.${randomBytes(6).toString('hex')}`
  try {
    mkdirSync(dirname(path), { recursive: true })
    try {
      writeFileSync(part, Buffer.concat([checksum(data), data]))
      renameSync(part, path)
    } catch {
      rmSync(part, { force: true })
    }
  } catch {
    // a home that may not be written to is no reason to run nothing
  }
}
