import type ts from 'typescript'
import { cellGlobals } from './cellGlobals.js'
import compiler from './compiler.js'
import { type Disk, lookAtDisk } from './disk.js'
import { type OwnTypes, ownTypes } from './ownTypes.js'
import { isCellSpecifier, type VirtualCells } from './virtualCells.js'

/** How long what was read from disk is taken to be so still: asking about each file would hold up every request. */
const freshMs = 1000

export interface CellsHost extends ts.LanguageServiceHost {
  own: OwnTypes
  /** Looks at the disk again. */
  refresh(): void
  /** Has the next question answered by a checker that knows nothing yet. */
  renewChecker(): void
}

/** The compiler's view of a session: its cells, and the files of the notebook's folder. */
export function cellsHost(folder: string, cells: VirtualCells): CellsHost {
  const { sys } = compiler
  const own = ownTypes()
  const globals = `${folder}/__cellGlobals.d.ts`
  const failedImports = importsToRetry(folder)
  let looks = 0
  let checkers = 1
  let disk: Disk = lookAtDisk(folder, own)

  const refresh = () => {
    looks++
    disk = lookAtDisk(folder, own)
    failedImports.retry(disk)
  }
  const snapshots = new Map<string, { version: string; snapshot: ts.IScriptSnapshot }>()
  const version = (file: string) =>
    String(cells.byFile(file)?.version ?? (file === globals ? checkers : disk.version(file)))
  const text = (file: string) => cells.byFile(file)?.code ?? (file === globals ? cellGlobals : undefined)

  const host: CellsHost & Pick<ts.CompilerHost, 'hasInvalidatedResolutions'> = {
    ...sys,
    own,
    refresh,
    renewChecker: () => void checkers++,
    useCaseSensitiveFileNames: () => sys.useCaseSensitiveFileNames,
    getCurrentDirectory: () => folder,
    getCompilationSettings: () => disk.options,
    getDefaultLibFileName: options => compiler.getDefaultLibFilePath(options),
    getProjectVersion() {
      if (performance.now() - disk.at > freshMs) refresh()
      return `${cells.version} ${looks} ${checkers}`
    },
    getScriptFileNames: () => [globals, ...disk.roots(), ...cells.all().map(({ fileName }) => fileName)],
    getScriptVersion: version,
    // asked for every file whenever one has changed
    getScriptSnapshot(file) {
      const virtual = text(file)
      if (virtual !== undefined) return compiler.ScriptSnapshot.fromString(virtual)
      const known = snapshots.get(file)
      if (known?.version === version(file)) return known.snapshot
      const code = sys.readFile(file)
      if (code === undefined) return undefined
      const snapshot = compiler.ScriptSnapshot.fromString(code)
      snapshots.set(file, { version: version(file), snapshot })
      return snapshot
    },
    fileExists: file => text(file) !== undefined || sys.fileExists(file),
    readFile: file => text(file) ?? sys.readFile(file),
    hasInvalidatedResolutions: failedImports.mayResolve,

    resolveModuleNameLiterals(names, file, redirected, options, source) {
      const inCell = cells.byFile(file) !== undefined
      const resolved = names.map(name => {
        if (inCell && isCellSpecifier(name.text)) return { resolvedModule: cellModule(folder, name.text) }
        const mode = compiler.getModeForUsageLocation(source, name, options)
        return compiler.resolveModuleName(name.text, file, options, sys, disk.cache, redirected, mode)
      })
      failedImports.note(
        file,
        names.filter((_, i) => !resolved[i].resolvedModule).map(({ text }) => text),
      )
      return resolved
    },

    resolveTypeReferenceDirectiveReferences(references, file, redirected, options, source) {
      return references.map(reference => {
        const name = typeof reference === 'string' ? reference : reference.fileName
        const mode = typeof reference === 'string' ? undefined : (reference.resolutionMode ?? source?.impliedNodeFormat)
        const resolve = (from: string) =>
          compiler.resolveTypeReferenceDirective(name, from, options, sys, redirected, undefined, mode)
        if (name !== 'node') return resolve(file)
        // one @types/node for all, the package's own types included
        const beside = resolve(globals)
        if (beside.resolvedTypeReferenceDirective) return beside
        return { resolvedTypeReferenceDirective: { primary: true, resolvedFileName: own.node } }
      })
    },
  }
  return host
}

const cellModule = (folder: string, specifier: string): ts.ResolvedModuleFull => ({
  resolvedFileName: `${folder}/${specifier.slice('./'.length)}.ts`,
  extension: compiler.Extension.Ts,
})

/** The imports that led nowhere; each look at the disk tries them again, as the package may have been installed by now. */
function importsToRetry(folder: string) {
  const canonical = (file: string) => (compiler.sys.useCaseSensitiveFileNames ? file : file.toLowerCase())
  const failed = new Map<string, string[]>()
  const resolving = new Set<string>()
  return {
    note(file: string, specifiers: string[]) {
      if (specifiers.length > 0) failed.set(file, specifiers)
      else failed.delete(file)
      resolving.delete(canonical(file))
    },
    retry({ options, cache }: Disk) {
      for (const [file, specifiers] of failed) {
        if (!file.startsWith(`${folder}/`) || file.includes('/node_modules/')) continue
        const resolves = (name: string) =>
          !!compiler.resolveModuleName(name, file, options, compiler.sys, cache).resolvedModule
        if (specifiers.some(resolves)) resolving.add(canonical(file))
      }
    },
    mayResolve: (path: string) => resolving.has(path),
  }
}
