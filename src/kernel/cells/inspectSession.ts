import { inspect } from 'node:util'
import type { LoadedPipeline, SessionState, Variable } from '../../protocol/session.js'
import type { Bindings } from './bindings.js'

/** What a pipeline tells of itself (`pipeline/pipelines/stableDiffusion.ts`). */
const loadedSymbol = Symbol.for('sdnb.loaded')
type Loaded = { [loadedSymbol](): Promise<{ device: string; bytes: number }> }

/** The variables of a session, by name, those of them that are pipelines, and what they take. */
export async function inspectSession({ names, scope }: Bindings): Promise<SessionState> {
  const variables: Variable[] = []
  const pipelines: LoadedPipeline[] = []
  for (const name of names()) {
    try {
      const value = Reflect.get(scope, name)
      const type = typeOf(value)
      variables.push({ name, type, value: shortText(value), ...sizeOf(value) })
      if (isPipeline(value)) pipelines.push({ name, type, ...(await value[loadedSymbol]()) })
    } catch (error) {
      // not reached yet, or a value that does not let itself be looked at
      if (!(error instanceof ReferenceError)) variables.push({ name, type: 'unknown', value: '' })
    }
  }
  // a device has one process, whose bytes each of its pipelines tells
  const engines = new Map(pipelines.map(({ device, bytes }) => [device, bytes]))
  const memory = {
    kernel: process.memoryUsage.rss(),
    engines: [...engines.values()].reduce((sum, bytes) => sum + bytes, 0),
  }
  return { variables, pipelines, memory }
}

const isPipeline = (value: unknown): value is Loaded =>
  // a pipeline can be called
  typeof value === 'function' && loadedSymbol in value

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'function' && /^class\b/.test(`${value}`)) return 'class'
  if (typeof value !== 'object' && typeof value !== 'function') return typeof value
  const { constructor: made } = value
  if (made === Function) return 'function'
  return typeof made === 'function' && made.name ? made.name : typeof value
}

/** One line of at most 80 characters. */
function shortText(value: unknown): string {
  const text = inspect(value, { depth: 0, breakLength: Infinity, maxArrayLength: 8, maxStringLength: 80 }).replace(
    /\s+/g,
    ' ',
  )
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

function sizeOf(value: unknown): { size?: string } {
  if (typeof value === 'string') return { size: `${value.length} characters` }
  if (typeof value !== 'object' || value === null) return {}
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return { size: `${value.byteLength} bytes` }
  if (value instanceof Map || value instanceof Set) return { size: `${value.size} items` }
  if (Array.isArray(value)) return { size: `${value.length} items` }
  const { width, height, dims } = value as { width?: unknown; height?: unknown; dims?: unknown }
  if (Array.isArray(dims)) return { size: dims.join(' × ') }
  return typeof width === 'number' && typeof height === 'number' ? { size: `${width} × ${height}` } : {}
}
