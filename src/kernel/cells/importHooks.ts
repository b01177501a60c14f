/**
 * Module hooks of the kernel's process (https://nodejs.org/api/module.html#customization-hooks); they run in a thread of Node's own.
 * A cell's import resolves from the notebook's folder. A local `.ts` file needs no extension, and is compiled; a local file
 * that has changed on disk, or imports one that has, is read again. What sdnb provides is the kernel's own copy, whoever imports it.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type InitializeHook, isBuiltin, type LoadHook, type ResolveFnOutput, type ResolveHook } from 'node:module'
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

/** What a cell imports, as the specifier that Node hears: `sdnb-import:` and this. */
export interface CellImport {
  parent: string
  specifier: string
  /** of this import; it also keeps Node from answering out of its cache */
  number: number
  /** imports that have failed since the one before; `linked`: their modules were all found, and then one threw */
  failed: { number: number; linked: boolean }[]
  /** URLs of CommonJS files to be read again, as they or what they require have changed since the import before */
  changed: string[]
}

let own: string[] = []
let kernel = ''
let port: MessagePort | undefined

export const initialize: InitializeHook<HookData> = data => {
  ;({ own, kernel, port } = data)
}

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  if (!specifier.startsWith('sdnb-import:')) return resolveFrom(specifier, context.parentURL)
  const request = JSON.parse(decodeURIComponent(specifier.slice('sdnb-import:'.length))) as CellImport
  refresh(request)
  return resolveFrom(request.specifier, request.parent, request.number)

  async function resolveFrom(specifier: string, parentURL?: string, request?: number): Promise<ResolveFnOutput> {
    if (own.includes(specifier)) return nextResolve(specifier, { ...context, parentURL: kernel })
    const local = /^(\.{0,2}\/|file:)/.test(specifier) && parentURL?.startsWith('file:') && !inPackage(parentURL)
    const file = local ? findFile(new URL(specifier, parentURL)) : undefined
    if (parentURL?.startsWith('file:') && isMissingPackage(specifier, parentURL))
      throw missingPackage(specifier, parentURL)
    const resolved = await nextResolve(file ?? specifier, { ...context, parentURL })
    if (!resolved.url.startsWith('file:') || isKernel(resolved.url)) return resolved
    const url = versioned(resolved.url, parentURL, request)
    return isTypeScript(url) && !inPackage(url)
      ? { url, format: formatOf(url), shortCircuit: true }
      : { ...resolved, url }
  }
}

export const load: LoadHook = async (url, context, nextLoad) => {
  if (!url.startsWith('file:')) return nextLoad(url, context)
  const path = fileURLToPath(url)
  if (path.endsWith('.json') && !context.importAttributes?.type)
    return { format: 'module', source: jsonModule(await readFile(path, 'utf8'), path), shortCircuit: true }
  if (inPackage(url) || !isTypeScript(url)) return nextLoad(url, context)
  const { compileModule } = await import('../../language/localModule.js')
  const { code, mappings } = compileModule(await readFile(path, 'utf8'), path)
  port?.postMessage({ url, mappings })
  return { format: formatOf(url), source: code, shortCircuit: true }
}

const formatOf = (url: string) => (withoutVersion(url).endsWith('.cts') ? 'commonjs' : 'module')

/** JSON that is imported without `with { type: 'json' }`, as TypeScript allows; its properties are exported by name, too. */
function jsonModule(text: string, path: string): string {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    throw new SyntaxError(`${path}: ${(error as Error).message}`)
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const names = isObject ? Object.keys(value as object).filter(name => /^[\w$]+$/.test(name) && name !== 'default') : []
  const named = names.map((name, i) => `const v${i} = data[${JSON.stringify(name)}]; export { v${i} as "${name}" };`)
  return `const data = JSON.parse(${JSON.stringify(JSON.stringify(value))}); export default data; ${named.join(' ')}`
}

/**
 * Whether no `node_modules` above the importer has the package. Asked before Node is: Node 20, when it does not find a package,
 * looks for a CommonJS one to recommend, and remembers for ever that its package.json is not there.
 */
function isMissingPackage(specifier: string, parentURL: string): boolean {
  const name = packageName(specifier)
  if (!name || isBuiltin(specifier)) return false
  let folder = new URL('.', withoutVersion(parentURL))
  for (let ownName: unknown; ; ) {
    if (existsSync(new URL(`node_modules/${name}`, folder))) return false
    ownName ??= nameIn(new URL('package.json', folder))
    if (ownName === name) return false
    const above = new URL('..', folder)
    if (above.href === folder.href) return true
    folder = above
  }
}

const packageName = (specifier: string) => /^(?:@[^/:]+\/)?[^@#./:][^/:]*(?=\/|$)/.exec(specifier)?.[0]

function nameIn(packageFile: URL): unknown {
  try {
    return JSON.parse(readFileSync(packageFile, 'utf8')).name ?? ''
  } catch {
    return undefined
  }
}

function missingPackage(specifier: string, parentURL: string): Error {
  const message = `Cannot find package '${packageName(specifier)}' imported from ${fileURLToPath(withoutVersion(parentURL))}`
  return Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' })
}

const isKernel = (url: string) => url.startsWith(new URL('.', kernel).href)
const inPackage = (url: string) => url.includes('/node_modules/') || isKernel(url)
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

/** A file that has been imported, by URL without version. */
interface ImportedFile {
  /** counts its readings; from 1 on it is in the URL, as Node reads each URL once, also one whose import has failed */
  version: number
  mtimeMs: number
  importers: Set<string>
  /** number of the import that brought this version */
  request?: number
}

const files = new Map<string, ImportedFile>()

function versioned(url: string, parentURL: string | undefined, request: number | undefined): string {
  let file = files.get(url)
  if (!file) {
    file = { version: 0, mtimeMs: stat(url).mtimeMs, importers: new Set() }
    files.set(url, file)
  }
  const importer = parentURL && withoutVersion(parentURL)
  file.request ??= request ?? files.get(importer ?? '')?.request
  if (importer) file.importers.add(importer)
  return file.version ? `${url}?version=${file.version}` : url
}

/** Gives a new version to each local file that has changed, to what a failed import left behind, and to whatever imports them. */
function refresh({ failed, changed }: CellImport) {
  const stale = new Set<string>()
  const mark = (url: string) => {
    const file = files.get(url)
    if (!file || stale.has(url)) return
    stale.add(url)
    for (const importer of file.importers) mark(importer)
  }
  for (const [url, file] of files) {
    const failure = failed.find(({ number }) => number === file.request)
    const left = failure && !(failure.linked && inPackage(url))
    if (left || changed.includes(url) || (!inPackage(url) && stat(url).mtimeMs !== file.mtimeMs)) mark(url)
  }
  for (const url of stale) {
    const file = files.get(url)!
    file.version++
    file.mtimeMs = stat(url).mtimeMs
    file.request = undefined
  }
}

function stat(url: string): { isFile: boolean; mtimeMs: number } {
  const found = statSync(fileURLToPath(withoutVersion(url)), { throwIfNoEntry: false })
  return { isFile: found?.isFile() ?? false, mtimeMs: found?.mtimeMs ?? 0 }
}
