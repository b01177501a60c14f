import { mkdir } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Parts of src/ that the package does not export, bundled for a tool.
 * @param modules  paths below src/, as in `pipeline/models/unet.ts`
 */
export async function source(...modules) {
  const outfile = `${root}dist/tools/${modules.join('+').replace(/[^\w+]/g, '-')}.js`
  await mkdir(`${root}dist/tools`, { recursive: true })
  await build({
    stdin: { contents: modules.map(module => `export * from './src/${module}'`).join('\n'), resolveDir: root },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  })
  return import(pathToFileURL(outfile).href)
}
