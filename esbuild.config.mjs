import { readdir, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Every bundle of the package; each is a process's entry, or what `import 'sdnb'` loads. */
const entries = {
  index: 'src/index.ts',
  engineProcess: 'src/pipeline/runtime/engineProcess.ts',
  kernelProcess: 'src/kernel/kernelProcess.ts',
  kernelThread: 'src/kernel/kernelThread.ts',
  languageServer: 'src/language/server.ts',
  importHooks: 'src/kernel/cells/importHooks.ts',
  cli: 'src/cli/main.ts',
  extension: 'src/extension/extension.ts',
}

/** ts-blank-space imports TypeScript, which takes 0.3 s longer than to require it: it gets what compiler.ts has required. */
const compilerByRequire = {
  name: 'compiler-by-require',
  setup({ onResolve }) {
    onResolve({ filter: /^ts-blank-space$/ }, () => ({ path: fileURLToPath(import.meta.resolve('ts-blank-space')) }))
    onResolve({ filter: /^typescript$/ }, ({ importer }) =>
      importer.includes('ts-blank-space') ? { path: resolve('src/language/compiler.ts') } : undefined,
    )
  },
}

/** commander is nine files of CommonJS, which `sdnb --help` would wait 9 ms for: it becomes one. */
const commanderInOneFile = {
  name: 'commander-in-one-file',
  setup({ onResolve }) {
    onResolve({ filter: /^commander$/ }, () => ({ path: './commander.js', external: true })) // from dist/cli.js
  },
}
await build({
  entryPoints: { commander: 'commander' },
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)` },
  logLevel: 'warning',
})

const { metafile } = await build({
  entryPoints: entries,
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  external: ['vscode'],
  plugins: [compilerByRequire, commanderInOneFile],
  sourcemap: true,
  keepNames: true, // a class shown in a cell is PNDMScheduler, not _PNDMScheduler
  chunkNames: 'chunks/[name]-[hash]',
  metafile: true,
  logLevel: 'warning',
})

await build({
  entryPoints: { renderer: 'src/renderer/index.ts' },
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  loader: { '.css': 'text' },
  sourcemap: true,
  logLevel: 'warning',
})

// The plugin of VS Code's TypeScript server, a package by itself; the VSIX has it in its node_modules.
await build({
  entryPoints: { 'typescriptPlugin/index': 'src/language/typescriptPlugin.ts' },
  outdir: 'dist',
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  footer: { js: 'module.exports = module.exports.default' },
  logLevel: 'warning',
})
await writeFile(
  'dist/typescriptPlugin/package.json',
  JSON.stringify({ name: 'sdnb-typescript-plugin', version: '0.0.0', main: 'index.js' }),
)

// Chunks of earlier builds have other names.
for (const name of await readdir('dist/chunks'))
  if (!(`dist/chunks/${name}` in metafile.outputs)) await rm(`dist/chunks/${name}`)
