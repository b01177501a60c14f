import { AsyncLocalStorage } from 'node:async_hooks'
import { statSync } from 'node:fs'
import { createRequire, isBuiltin, register } from 'node:module'
import { pathToFileURL } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { type Position, sourceMapLookup } from '../../language/sourceMap.js'
import { ownPackages } from '../scope.js'
import { callingCell } from './cell.js'
import type { CellImport, HookData } from './importHooks.js'

/** Imports of a session's cells, resolved from the notebook's folder. */
export interface Modules {
  import(specifier: string, attributes?: Record<string, string>): Promise<Record<string, unknown>>
  require: NodeJS.Require
  meta: { url: string; dirname: string; filename: string; resolve(specifier: string): string }
}

const maps = new Map<string, (generated: Position) => Position | undefined>()
const { port1, port2 } = new MessageChannel()

const ofNoCell = AsyncLocalStorage.snapshot()
let isHooked = false

/** Starts the module hooks of this process, unless they run. Node waits for their thread: what needs none shall come first. */
function installHooks(): void {
  if (isHooked) return
  const kernel = pathToFileURL(createRequire(import.meta.url).resolve('#kernelProcess')).href
  const data: HookData = { own: ownPackages, kernel, port: port2 }
  ofNoCell(() => register(new URL('importHooks.js', kernel), { data, transferList: [port2] }))
  port1.unref()
  isHooked = true
}

/** Where in its source a position of a compiled local module is. */
export function modulePosition(url: string, generated: Position): Position | undefined {
  for (let received = receiveMessageOnPort(port1); received; received = receiveMessageOnPort(port1)) {
    const { url, mappings } = received.message as { url: string; mappings: string }
    maps.set(url, sourceMapLookup(mappings))
  }
  return maps.get(url)?.(generated)
}

let imports = 0

export function createModules(cwd: string): Modules {
  const folder = pathToFileURL(`${cwd}/`)
  const filename = `${cwd}/cell.ts`
  const parent = new URL('cell.ts', folder).href
  const require = createRequire(parent)
  const failed: CellImport['failed'] = []
  const changed = new Set<string>()
  const noteChanges = commonJsChanges(require)
  const forgetChanges = () => {
    for (const file of noteChanges()) changed.add(pathToFileURL(file).href)
  }
  return {
    async import(specifier, attributes) {
      // as the hooks would resolve it
      if (ownPackages.includes(specifier)) return import(specifier)
      installHooks()
      const number = imports++
      forgetChanges()
      const request: CellImport = { parent, specifier, number, failed: failed.splice(0), changed: [...changed] }
      changed.clear()
      const url = `sdnb-import:${encodeURIComponent(JSON.stringify(request))}`
      const here = new Error()
      const signal = callingCell()?.signal
      const stopped = () => void failed.push({ number, linked: true })
      signal?.addEventListener('abort', stopped)
      try {
        // written out, as bundlers want attributes
        return attributes?.type === 'json' ? await import(url, { with: { type: 'json' } }) : await import(url)
      } catch (error) {
        failed.push({ number, linked: !isHooksError(error) && !(error instanceof SyntaxError) })
        throw withAdvice(error, specifier, here)
      } finally {
        signal?.removeEventListener('abort', stopped)
      }
    },
    require: Object.assign((specifier: string) => {
      installHooks() // what is required may import
      forgetChanges()
      return require(specifier)
    }, require),
    meta: {
      url: parent,
      dirname: cwd,
      filename,
      resolve: specifier =>
        /^(\.{0,2}\/|file:)/.test(specifier)
          ? new URL(specifier, parent).href
          : isBuiltin(specifier)
            ? `node:${specifier.replace(/^node:/, '')}`
            : pathToFileURL(require.resolve(specifier)).href,
    },
  }
}

/**
 * What finds the notebook's CommonJS files that have changed since they were loaded, with those that require them, and makes Node forget
 * them. Node keeps each by its path alone, so that a new version in an import's URL is not enough.
 */
function commonJsChanges({ cache }: NodeJS.Require): () => Iterable<string> {
  const times = new Map<string, number>()
  const timeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return () => {
    const changed = new Set<string>()
    const mark = (file: string) => {
      if (changed.has(file)) return
      changed.add(file)
      for (const [above, module] of Object.entries(cache))
        if (module?.children?.some(({ filename }) => filename === file)) mark(above)
    }
    for (const file of Object.keys(cache).filter(file => !/[\\/]node_modules[\\/]/.test(file))) {
      const time = timeOf(file)
      // a module that is not loaded by now was stopped in its midst
      if ((times.has(file) && times.get(file) !== time) || !cache[file]?.loaded) mark(file)
      times.set(file, time)
    }
    for (const file of changed) {
      delete cache[file]
      times.delete(file)
    }
    return changed
  }
}

/** An error of the hooks' thread: its stack, and the file its message names, are not the reader's. */
function withAdvice(error: unknown, specifier: string, here: Error): unknown {
  if (!isHooksError(error)) return error
  let { message } = error
  const [, name] = /^Cannot find package '([^']+)' imported from .*[/\\]cell\.ts$/.exec(message) ?? []
  if (name) message = `Cannot find package '${name}'; a cell with !npm install ${name} installs it`
  else if (/^\.{0,2}\//.test(specifier)) message = message.replace(/ imported from .*[/\\]cell\.ts$/, '')
  const own = error instanceof SyntaxError ? new SyntaxError(message) : new Error(message)
  const frames = here.stack?.split('\n').slice(1) ?? []
  own.stack = [`${own.name}: ${message}`, ...frames].join('\n')
  return Object.assign(own, { code: (error as NodeJS.ErrnoException).code })
}

function isHooksError(error: unknown): error is Error {
  return error instanceof Error && /importHooks\.js|node:internal\/modules\/esm\/(hooks|worker)/.test(error.stack ?? '')
}
