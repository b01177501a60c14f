/**
 * Module hooks of the kernel's process (https://nodejs.org/api/module.html#customization-hooks); they run in a thread of Node's own.
 * A cell's import resolves from the notebook's folder. A local `.ts` file needs no extension, and is compiled; a local file
 * that has changed on disk, or imports one that has, is read again. What sdnb provides is the kernel's own copy, whoever imports it.
 */
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { InitializeHook, LoadHook, ResolveFnOutput, ResolveHook } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { MessagePort } from 'node:worker_threads'

export interface HookData {
  /** specifiers that always mean the kernel's own copy */
  own: string[]
  /** URL of the kernel's bundle */
  kernel: string
  /** hears `{ url, mappings }` of each compiled module */
  port: MessagePort
}

let own: string[] = []
let kernel = ''
let port: MessagePort | undefined

export const initialize: InitializeHook<HookData> = data => {
  ;({ own, kernel, port } = data)
}

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  if (!specifier.startsWith('sdnb-import:')) return resolveFrom(specifier, context.parentURL)
  const [parent, wanted] = JSON.parse(decodeURIComponent(specifier.slice('sdnb-import:'.length))) as [string, string]
  refresh()
  return resolveFrom(wanted, parent)

  async function resolveFrom(specifier: string, parentURL: string | undefined): Promise<ResolveFnOutput> {
    if (own.includes(specifier)) return nextResolve(specifier, { ...context, parentURL: kernel })
    const local = /^(\.{0,2}\/|file:)/.test(specifier) && parentURL?.startsWith('file:') && !inPackage(parentURL)
    const file = local ? findFile(new URL(specifier, parentURL)) : undefined
    const resolved = await nextResolve(file ?? specifier, { ...context, parentURL })
    if (!resolved.url.startsWith('file:') || inPackage(resolved.url)) return resolved
    const url = versioned(resolved.url, parentURL)
    return isTypeScript(url) ? { url, format: 'module', shortCircuit: true } : { ...resolved, url }
  }
}

export const load: LoadHook = async (url, context, nextLoad) => {
  if (!url.startsWith('file:') || inPackage(url) || !isTypeScript(url)) return nextLoad(url, context)
  const path = fileURLToPath(url)
  const { compileModule } = await import('../language/localModule.js')
  const { code, mappings } = compileModule(await readFile(path, 'utf8'), path)
  port?.postMessage({ url, mappings })
  return { format: 'module', source: code, shortCircuit: true }
}

const inPackage = (url: string) => url.includes('/node_modules/') || url.startsWith(new URL('.', kernel).href)
const isTypeScript = (url: string) => /\.[mc]?tsx?$/.test(withoutVersion(url))
const withoutVersion = (url: string) => url.replace(/[?#].*$/, '')

/** The file that a local specifier means: itself, with an extension, `.ts` where `.js` is written, or a folder's index. */
function findFile(url: URL): string | undefined {
  const { href } = url
  const { mtimeMs, isFile } = stat(href)
  if (isFile) return href
  const extensions = ['.ts', '.tsx', '.mts', '.js', '.mjs', '.cjs', '.json']
  const candidates = [
    ...extensions.map(extension => href + extension),
    href.replace(/\.([mc]?)js$/, '.$1ts'),
    href.replace(/\.jsx?$/, '.tsx'),
    ...(mtimeMs ? extensions.map(extension => `${href.replace(/\/$/, '')}/index${extension}`) : []),
  ]
  return candidates.find(candidate => stat(candidate).isFile)
}

/** A local file that has been imported, by URL without version. */
interface LocalFile {
  /** counts its readings; from 1 on it is in the URL, as Node reads each URL once */
  version: number
  mtimeMs: number
  importers: Set<string>
}

const files = new Map<string, LocalFile>()

function versioned(url: string, parentURL: string | undefined): string {
  let file = files.get(url)
  if (!file) {
    file = { version: 0, mtimeMs: stat(url).mtimeMs, importers: new Set() }
    files.set(url, file)
  }
  if (parentURL) file.importers.add(withoutVersion(parentURL))
  return file.version ? `${url}?version=${file.version}` : url
}

/** Gives each file that has changed, and whatever imports it, a new version. */
function refresh() {
  const stale = new Set<string>()
  const mark = (url: string) => {
    const file = files.get(url)
    if (!file || stale.has(url)) return
    stale.add(url)
    for (const importer of file.importers) mark(importer)
  }
  for (const [url, file] of files) if (stat(url).mtimeMs !== file.mtimeMs) mark(url)
  for (const url of stale) {
    const file = files.get(url)!
    file.version++
    file.mtimeMs = stat(url).mtimeMs
  }
}

function stat(url: string): { isFile: boolean; mtimeMs: number } {
  const found = statSync(fileURLToPath(withoutVersion(url)), { throwIfNoEntry: false })
  return { isFile: found?.isFile() ?? false, mtimeMs: found?.mtimeMs ?? 0 }
}
