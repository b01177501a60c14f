// npm run test:electron: the suites of test/workbench/suite in a downloaded VS Code, where the extension is installed from its VSIX.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { downloadAndUnzipVSCode, resolveCliArgsFromVSCodeExecutablePath, runTests } from '@vscode/test-electron'
import { setUp } from './setup.mjs'
import { buildSuites } from './vscode/suites.mjs'
import { makeVsix } from './vsix/make.mjs'

setUp()
const vscodeExecutablePath = await downloadVscode()
if (vscodeExecutablePath) await test(vscodeExecutablePath)

async function downloadVscode() {
  try {
    return await downloadAndUnzipVSCode('stable')
  } catch (error) {
    console.error(`VS Code could not be downloaded: ${error.message}`)
    console.error('`npm test` runs the same suites in a VS Code from packages of the registry (Linux).')
    process.exitCode = 1
  }
}

async function test(vscodeExecutablePath) {
  // A short path: VS Code makes its socket in it.
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-'))
  const data = ['--user-data-dir', join(folder, 'data'), '--extensions-dir', join(folder, 'extensions')]
  const workspace = join(folder, 'workspace')
  mkdirSync(workspace)
  try {
    const { path } = await makeVsix(`${process.platform}-${process.arch}`)
    install(vscodeExecutablePath, path, data)
    await runTests({
      vscodeExecutablePath,
      ...(await buildSuites()),
      launchArgs: [workspace, ...data, '--disable-workspace-trust', '--skip-welcome', '--skip-release-notes'],
    })
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function install(vscodeExecutablePath, vsix, data) {
  const [command] = resolveCliArgsFromVSCodeExecutablePath(vscodeExecutablePath)
  const { status, error } = spawnSync(command, [...data, '--install-extension', vsix], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`${vsix} could not be installed${error ? `: ${error.message}` : ''}`)
}
