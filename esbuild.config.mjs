import { readdir, rm } from 'node:fs/promises'
import { build } from 'esbuild'

/** Every bundle of the package; each is a process's entry, or what `import 'sdnb'` loads. */
const entries = {
  index: 'src/index.ts',
  engineProcess: 'src/pipeline/runtime/engineProcess.ts',
  kernelProcess: 'src/kernel/kernelProcess.ts',
  kernelThread: 'src/kernel/kernelThread.ts',
  importHooks: 'src/kernel/importHooks.ts',
  cli: 'src/cli/main.ts',
}

const { metafile } = await build({
  entryPoints: entries,
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  keepNames: true, // a class shown in a cell is PNDMScheduler, not _PNDMScheduler
  chunkNames: 'chunks/[name]-[hash]',
  metafile: true,
  logLevel: 'warning',
})

// Chunks of earlier builds have other names.
for (const name of await readdir('dist/chunks'))
  if (!(`dist/chunks/${name}` in metafile.outputs)) await rm(`dist/chunks/${name}`)
