import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type ts from 'typescript'
import compiler from './compiler.js'

/** Types that every cell finds: the kernel's own copy of what it provides, and Node's. */
export interface OwnTypes {
  /** package name → its types, as `paths` of compiler options */
  paths: Record<string, string[]>
  /** globs of files whose exports are no candidates for an import: inner modules of the package */
  inner: string[]
  /** the package's own types */
  index: string | undefined
  /** @types/node, for a notebook whose folder has none */
  node: string
}

const require = createRequire(import.meta.url)

export function ownTypes(): OwnTypes {
  const root = slashed(dirname(require.resolve('sdnb/package.json')))
  // a checkout that was never built has its sources alone
  const index = [`${root}/dist/types/src/index.d.ts`, `${root}/src/index.ts`].find(existsSync)
  const transformers = typesOf('@huggingface/transformers', root)
  const paths = {
    ...(index && { sdnb: [index] }),
    ...(transformers && { '@huggingface/transformers': [transformers] }),
  }
  return {
    paths,
    inner: index ? [`${dirname(index)}/pipeline`, `${dirname(index)}/display*`] : [],
    index,
    node: slashed(join(dirname(require.resolve('@types/node/package.json')), 'index.d.ts')),
  }
}

function typesOf(name: string, folder: string): string | undefined {
  const options: ts.CompilerOptions = {
    module: compiler.ModuleKind.ESNext,
    moduleResolution: compiler.ModuleResolutionKind.Bundler,
    customConditions: ['node'],
  }
  return compiler.resolveModuleName(name, `${folder}/index.ts`, options, compiler.sys).resolvedModule?.resolvedFileName
}

/** A path as the compiler writes it. */
export const slashed = (path: string) => path.replaceAll('\\', '/')
