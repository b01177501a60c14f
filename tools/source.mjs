import { mkdir } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { root, setUp } from './setup.mjs'

/**
 * Parts of src/ that the package does not export, bundled for a tool; packages and dist/ are set up first.
 * @param modules  paths below src/, as in `pipeline/models/unet.ts`
 */
export async function source(...modules) {
  setUp()
  const { build } = await import('esbuild')
  const outfile = `${root}/dist/tools/${modules.join('+').replace(/[^\w+]/g, '-')}.js`
  await mkdir(`${root}/dist/tools`, { recursive: true })
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
