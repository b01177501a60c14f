import type ts from 'typescript'
import compiler from './compiler.js'
import type { OwnTypes } from './ownTypes.js'

/** How cells are checked: as the tsconfig.json beside the notebook says, but for what the kernel decides. */
export function compilerOptions(folder: string, own: OwnTypes): ts.CompilerOptions {
  const file = `${folder}/tsconfig.json`
  const { config } = compiler.sys.fileExists(file) ? compiler.readConfigFile(file, compiler.sys.readFile) : {}
  // files are the session's, so none are listed here
  const host: ts.ParseConfigHost = { ...compiler.sys, readDirectory: () => [] }
  const { options } = compiler.parseJsonConfigFileContent(config ?? {}, host, folder, undefined, file)
  return {
    strict: true,
    ...options,
    ...asTheKernelRuns,
    types: [...new Set([...(options.types ?? []), 'node'])],
    paths: { ...options.paths, ...own.paths },
    pathsBasePath: options.pathsBasePath ?? folder,
  }
}

const asTheKernelRuns: ts.CompilerOptions = {
  target: compiler.ScriptTarget.ESNext,
  lib: ['lib.esnext.d.ts'],
  module: compiler.ModuleKind.ESNext,
  moduleResolution: compiler.ModuleResolutionKind.Bundler,
  moduleDetection: compiler.ModuleDetectionKind.Force,
  customConditions: ['node'],
  allowImportingTsExtensions: true,
  resolveJsonModule: true,
  esModuleInterop: true,
  allowJs: true,
  checkJs: false,
  noEmit: true,
  skipLibCheck: true,
  // a cell's names are other cells' to use
  noUnusedLocals: false,
  isolatedModules: false,
  isolatedDeclarations: false,
  verbatimModuleSyntax: false,
  composite: false,
  incremental: false,
  declaration: false,
  rootDir: undefined,
  outDir: undefined,
  tsBuildInfoFile: undefined,
}
