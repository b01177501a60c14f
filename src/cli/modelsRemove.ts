import { modelRemoval } from '../pipeline/index.js'
import type { RemoveReport } from '../protocol/commandLine.js'
import { sizeText } from '../protocol/sizeText.js'
import { confirmed } from './confirmed.js'
import { isExpected } from './expectedError.js'
import { UsageError } from './usageError.js'

export interface RemoveOptions {
  revision?: string
  yes?: boolean
  dryRun?: boolean
  json?: boolean
}

/**
 * `sdnb models remove`: takes a model, or one revision of it, out of the cache; asks first, unless told not to.
 * @returns the exit code: 0 done, 1 it could not be removed, or not after all
 * @throws UsageError for what is no cached model, and where nobody can be asked
 */
export async function removeModel(id: string, { revision, yes, dryRun, json }: RemoveOptions): Promise<number> {
  try {
    const { commits, bytes, remove } = await modelRemoval(id, { revision })
    const what = `${id}${revision === undefined ? '' : ` at ${revision}`} (${sizeText(bytes)})`
    if (!dryRun && !yes) {
      if (!process.stdin.isTTY || json)
        throw new UsageError(`${what} is removed only with --yes where nobody can be asked`)
      if (!(await confirmed(`Remove ${what}? [y/N] `))) return 1
    }
    if (!dryRun) await remove()
    const report: RemoveReport = { id, commits, bytes }
    process.stdout.write(`${json ? JSON.stringify(report) : `${dryRun ? 'Would remove' : 'Removed'} ${what}`}\n`)
    return 0
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === 'INVALID_OPTION' || code === 'MODEL_NOT_FOUND') throw new UsageError(message)
    if (!isExpected(error)) throw error
    process.stderr.write(`sdnb: ${message}\n`)
    return 1
  }
}
