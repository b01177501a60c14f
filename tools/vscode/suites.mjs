import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from '../setup.mjs'

/**
 * Builds the suites that run in VS Code's extension host, and the empty extension whose tests they are to it: the one they test is
 * installed.
 * @returns the folders that VS Code is told
 */
export async function buildSuites() {
  const extensionDevelopmentPath = join(root, 'dist', 'suites')
  const suites = join(root, 'test', 'workbench', 'suite')
  await build({
    entryPoints: [join(suites, 'index.ts'), join(suites, '*.suite.ts')],
    outdir: join(extensionDevelopmentPath, 'suite'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    mainFields: ['module', 'main'], // UMD requires what esbuild does not see
    target: 'node20',
    external: ['vscode', 'mocha'],
    sourcemap: true,
    logLevel: 'warning',
  })
  const manifest = { name: 'suites', publisher: 'sdnb', version: '0.0.0', engines: { vscode: '*' } }
  writeFileSync(join(extensionDevelopmentPath, 'package.json'), JSON.stringify(manifest))
  return { extensionDevelopmentPath, extensionTestsPath: join(extensionDevelopmentPath, 'suite', 'index.cjs') }
}
