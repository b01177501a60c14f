import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Every bundle of the package; each is a process's or a thread's entry, or what `import 'sdnb'` loads. */
const entries = {
  index: 'src/index.ts',
  engineProcess: 'src/pipeline/runtime/engineProcess.ts',
  kernelProcess: 'src/kernel/kernelProcess.ts',
  kernelThread: 'src/kernel/kernelThread.ts',
  languageServer: 'src/language/server.ts',
  importHooks: 'src/kernel/cells/importHooks.ts',
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

/** Every command of the command line, a bundle of its own: what its file imports when it is called. */
const commands = {}
const commandsApart = {
  name: 'commands-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined
      const name = `cli/${basename(path, '.js')}`
      commands[name] = resolve(resolveDir, path.replace(/js$/, 'ts'))
      return { path: `./${name}.js`, external: true } // from dist/cli.cjs
    })
  },
}
/** What commands need of the pipeline they take from what `import 'sdnb'` loads. */
const pipelineOfPackage = {
  name: 'pipeline-of-package',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/(pipeline\/)?index\.js$/ }, ({ resolveDir }) =>
      resolveDir === resolve('src/cli') ? { path: '../index.js', external: true } : undefined,
    )
  },
}
// One file of CommonJS, commander included: as modules `sdnb --help` would take 10 ms longer.
await build({
  entryPoints: { cli: 'src/cli/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  plugins: [commandsApart],
  define: { packageVersion: JSON.stringify(JSON.parse(await readFile('package.json', 'utf8')).version) },
  sourcemap: true,
  logLevel: 'warning',
})

// Each alone: what two of them shared would be a file more for both to find and load.
const built = await Promise.all(
  Object.entries({ ...entries, ...commands }).map(([name, file]) =>
    build({
      entryPoints: { [name]: file },
      outdir: 'dist',
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      external: ['vscode'],
      plugins: [compilerByRequire, pipelineOfPackage],
      sourcemap: true,
      keepNames: true, // a class shown in a cell is PNDMScheduler, not _PNDMScheduler
      chunkNames: 'chunks/[name]-[hash]',
      metafile: true,
      logLevel: 'warning',
    }),
  ),
)

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
  if (!built.some(({ metafile }) => `dist/chunks/${name}` in metafile.outputs)) await rm(`dist/chunks/${name}`)
