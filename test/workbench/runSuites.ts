import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { format } from 'node:util'
import { buildSuites } from '../../tools/vscode/suites.mjs'
import type { SuiteResult } from './suite/result.js'
import { openWorkbench } from './workbench.js'

/** Runs every test of `suite/` in the extension host; `printed` is what they say on the console. */
export async function runSuites(): Promise<{ results: SuiteResult[]; printed: string[] }> {
  const { extensionDevelopmentPath, extensionTestsPath } = await buildSuites()
  const file = join(mkdtempSync(join(tmpdir(), 'sdnb-suites-')), 'results.json')
  await using workbench = await openWorkbench({ env: { SDNB_SUITE_RESULTS: file } })
  const { authority } = workbench.server
  const printed: string[] = []
  let end: () => void
  let fail: (error: Error) => void
  const ended = new Promise<void>((resolve, reject) => {
    ;[end, fail] = [resolve, reject]
  })
  await workbench.page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
    printed.push(format(...args))
  })
  await workbench.page.exposeFunction('codeAutomationExit', () => end())
  const timer = setTimeout(() => fail(new Error('The suites did not end in 180 s')), 180_000)
  const remote = (path: string) => `vscode-remote://${authority}${path}`
  try {
    await workbench.openFolder({}, undefined, [
      ['extensionDevelopmentPath', remote(extensionDevelopmentPath)],
      ['extensionTestsPath', remote(extensionTestsPath)],
    ])
    await ended
    return { results: JSON.parse(readFileSync(file, 'utf8')), printed }
  } catch (error) {
    const evidence = await workbench.keepEvidence('suites')
    throw new Error(`${(error as Error).message}\nScreenshot and logs: ${evidence}\n${printed.join('\n')}`)
  } finally {
    clearTimeout(timer)
    rmSync(dirname(file), { recursive: true })
  }
}
