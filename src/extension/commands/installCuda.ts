import { commands, type Disposable, ProgressLocation, window } from 'vscode'
import type { InstallReport } from '../../protocol/commandLine.js'
import { activeNotebook } from '../notebooks.js'
import { askCommandLine } from './commandLine.js'
import { cudaQuestion, type InstallPlan } from './cudaQuestion.js'
import type { CommandDeps } from './deps.js'
import { reporting } from './reporting.js'
import { runWithProgress } from './runWithProgress.js'

/**
 * `sdnb.installCuda`: by the command line, as models come. The palette hides it where the window and its kernels share a system
 * without CUDA; with a remote one the command line tells.
 */
export function registerInstallCuda(deps: CommandDeps): Disposable {
  return commands.registerCommand('sdnb.installCuda', reporting(deps, installCuda))
}

async function installCuda({ findNode, cliFile, kernels }: CommandDeps): Promise<void> {
  const commandLine = { node: await findNode(), cliFile }
  const plan = await window.withProgress(
    { location: ProgressLocation.Notification, title: 'Looking for what CUDA needs' },
    () => askCommandLine<InstallPlan>(commandLine, ['install', 'cuda', '--dry-run']),
  )
  if (plan.parts.length > 0) {
    const { message, detail, yes } = cudaQuestion(plan)
    const answer = await window.showInformationMessage(message, { modal: true, detail }, ...(yes ? [yes] : []))
    if (!answer) return
  }
  const title = plan.parts.length > 0 ? 'Installing CUDA' : 'Trying CUDA'
  const last = await runWithProgress<InstallReport>(commandLine, ['install', 'cuda', '--yes'], title)
  if (last?.type !== 'done') {
    void window.showInformationMessage('The installation was stopped. The next goes on from there.')
    return
  }
  if (!last.works) {
    void window.showWarningMessage(`CUDA's libraries are here, but it does not work: ${last.reason}`)
    return
  }
  const notebook = activeNotebook()
  const restart = notebook && kernels.of(notebook) ? ['Restart Kernel'] : []
  const text = 'CUDA works. Kernels take it from their next start on.'
  const answer = await window.showInformationMessage(text, ...restart)
  if (answer && notebook) await kernels.restart(notebook)
}
