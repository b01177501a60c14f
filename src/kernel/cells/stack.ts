import { fileURLToPath } from 'node:url'
import type { Position } from '../../language/sourceMap.js'

/** Script names of compiled cells: each execution has its own. */
const cellScheme = 'sdnb-cell:'

interface CellScript {
  count: number
  text: string
  original(generated: Position): Position | undefined
}

const scripts = new Map<string, CellScript>()
const places = new WeakMap<object, Position & CellScript>()

/** Registers a compiled cell, so that stacks name its lines; returns the name to compile it under. */
export function registerScript(script: CellScript): string {
  const name = `${cellScheme}${scripts.size + 1}`
  scripts.set(name, script)
  return name
}

/** The top-most place (0-based) in a cell's text on an error's stack, and the cell. */
export function cellPlace(error: Error): (Position & { count: number; text: string }) | undefined {
  return places.get(error)
}

/** Where in its cell's text (0-based) a place in a compiled script is. */
export function originalPosition(script: string, generated: Position): Position | undefined {
  return scripts.get(script)?.original(generated)
}

/**
 * Makes every stack name cells as `Cell In[3], line 2` and local modules by their own lines, without the kernel's frames.
 * @param hiddenFolder URL of the kernel's own files
 * @param modulePosition maps a position in a compiled local module
 */
export function installStacks(
  hiddenFolder: string,
  modulePosition: (url: string, generated: Position) => Position | undefined,
) {
  Error.stackTraceLimit = 30
  Error.prepareStackTrace = (error, sites) => {
    const frames = sites.map(site => ({ site, file: site.getFileName() ?? site.getScriptNameOrSourceURL() ?? '' }))
    const lastOfCell = frames.findLastIndex(({ file }) => file.startsWith(cellScheme))
    const shown = frames
      .slice(0, lastOfCell < 0 ? undefined : lastOfCell + 1)
      .filter(({ file }) => !file.startsWith(hiddenFolder) && !/^node:(internal\/|events$)/.test(file))
      .flatMap(({ site, file }) => frameText(site, file) ?? [])
    notePlace(error, frames)
    return [cleanNames(headerOf(error)), ...shown].join('\n    at ')
  }

  function notePlace(error: object, frames: { site: NodeJS.CallSite; file: string }[]) {
    for (const { site, file } of frames) {
      const script = scripts.get(file)
      const original = script?.original(generatedPosition(site))
      if (script && original) {
        places.set(error, { ...script, ...original })
        return
      }
    }
  }

  function frameText(site: NodeJS.CallSite, file: string): string | undefined {
    const text = cleanNames(site.toString())
    const generated = generatedPosition(site)
    const place = `${file}:${generated.line + 1}:${generated.column + 1}`
    const script = scripts.get(file)
    if (script) {
      const original = script.original(generated)
      // what the compiler wrote around the cell
      if (!original) return undefined
      // the cell's own body has no name worth telling
      const bare = text
        .replace(/^async (?=sdnb-cell:)/, '')
        .replace(/^(?:Object|async Promise\.\w+) (?=\(?sdnb-cell:)/, '')
      return bare.replace(place, `Cell In[${script.count}], line ${original.line + 1}`)
    }
    if (!file.startsWith('file:')) return text
    const original = modulePosition(file, generated) ?? generated
    return text.replace(place, `${pathOf(file)}:${original.line + 1}:${original.column + 1}`)
  }
}

const generatedPosition = (site: NodeJS.CallSite): Position => ({
  line: (site.getLineNumber() ?? 1) - 1,
  column: (site.getColumnNumber() ?? 1) - 1,
})

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}

function headerOf(error: unknown): string {
  try {
    return Error.prototype.toString.call(error)
  } catch {
    return 'Error'
  }
}

/** Takes the scope's name out of V8's messages: `(0 , __cell.f) is not a function`. */
export function cleanNames(text: string): string {
  return text.replace(/\(0 , __cell\.([\p{ID_Continue}$]+)\)|__cell\.([\p{ID_Continue}$]+)/gu, '$1$2')
}
