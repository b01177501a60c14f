import { readdirSync, readFileSync, statSync } from 'node:fs'
import type ts from 'typescript'
import compiler from './compiler.js'
import { compilerOptions } from './compilerOptions.js'
import type { OwnTypes } from './ownTypes.js'

/** Beyond so many, files and packages that no cell imports are left out: they only serve to offer imports. */
const mostLocalFiles = 100
const mostPackages = 20

/** What the notebook's folder holds, as it was when looked at. */
export interface Disk {
  at: number
  options: ts.CompilerOptions
  cache: ts.ModuleResolutionCache
  /** another one when the file has changed */
  version(file: string): string
  /** files that belong to the session even if no cell imports them, so that their exports are offered */
  roots(): string[]
}

export function lookAtDisk(folder: string, own: OwnTypes): Disk {
  const { sys } = compiler
  const options = compilerOptions(folder, own)
  const canonical = (file: string) => (sys.useCaseSensitiveFileNames ? file : file.toLowerCase())
  const cache = compiler.createModuleResolutionCache(folder, canonical, options)
  const versions = new Map<string, string>()
  let roots: string[] | undefined

  return {
    at: performance.now(),
    options,
    cache,
    version(file) {
      const known = versions.get(file) ?? versionOf(file)
      versions.set(file, known)
      return known
    },
    roots() {
      roots ??= [...(own.index ? [own.index] : []), ...packages(), ...localFiles(folder)]
      return roots
    },
  }

  /** The types of the packages that the folder's package.json names. */
  function packages(): string[] {
    const names = dependencies(`${folder}/package.json`)
    if (names.length > mostPackages) return []
    return names.flatMap(name => {
      const { resolvedModule } = compiler.resolveModuleName(name, `${folder}/cell.ts`, options, sys, cache)
      const isTyped = resolvedModule && /\.d\.[mc]?ts$/.test(resolvedModule.resolvedFileName)
      return isTyped ? [resolvedModule.resolvedFileName] : []
    })
  }
}

function versionOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat ? `${stat.mtimeMs} ${stat.size}` : ''
}

function localFiles(folder: string): string[] {
  const names = entries(folder).filter(name => /\.[mc]?tsx?$/.test(name))
  return names.length > mostLocalFiles ? [] : names.map(name => `${folder}/${name}`)
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // a folder that is gone has no files
  }
}

function dependencies(packageFile: string): string[] {
  try {
    return Object.keys(JSON.parse(readFileSync(packageFile, 'utf8')).dependencies ?? {})
  } catch {
    return [] // none, or half-written
  }
}
