import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { type VscodeServer, vscodeServer } from '../../tools/vscode/server.mjs'
import { makeVsix } from '../../tools/vsix/make.mjs'
import { browserPath } from '../browser.js'

export interface Installed {
  vscode: VscodeServer
  /** folder of extensions, which holds ours as its VSIX installs it */
  extensions: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** or why there is none here */
    installed: Installed | { missing: string }
  }
}

/** Before the first test of the workbench: packs the extension and installs it in a real VS Code. */
export default async function setup({ provide }: TestProject) {
  const missing = whatIsMissing()
  if (missing) {
    console.error(`The tests in a real VS Code are skipped: ${missing}`)
    provide('installed', { missing })
    return
  }
  const vscode = vscodeServer()
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-extensions-'))
  const extensions = join(folder, 'extensions')
  const { path } = await makeVsix(`${process.platform}-${process.arch}`)
  execFileSync(
    vscode.node,
    [vscode.main, '--install-extension', path, '--extensions-dir', extensions, '--server-data-dir', folder],
    { env: { ...process.env, XDG_RUNTIME_DIR: folder }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  provide('installed', { vscode, extensions })
  return () => rmSync(folder, { recursive: true })
}

function whatIsMissing(): string | undefined {
  if (!browserPath) return 'there is no Chromium or Chrome'
  try {
    vscodeServer()
  } catch (error) {
    return (error as Error).message
  }
}
