import { build } from 'esbuild'

/** Every bundle of the package; each is a process's entry, or what `import 'sdnb'` loads. */
const entries = {
  index: 'src/index.ts',
  engineProcess: 'src/pipeline/runtime/engineProcess.ts',
  kernelProcess: 'src/kernel/kernelProcess.ts',
  importHooks: 'src/kernel/importHooks.ts',
  cli: 'src/cli/main.ts',
}

await build({
  entryPoints: entries,
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  chunkNames: 'chunks/[name]-[hash]',
  logLevel: 'warning',
})
