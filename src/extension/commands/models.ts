import { commands, type Disposable, Disposable as Disposables, env, ProgressLocation, window } from 'vscode'
import type { ModelsReport, PullReport, RemoveReport } from '../../protocol/commandLine.js'
import { sizeText } from '../../protocol/sizeText.js'
import { askCommandLine, type CommandLine } from './commandLine.js'
import type { CommandDeps } from './deps.js'
import { exampleModels, loadingCode, modelId, modelItems, type PullPlan, planQuestion } from './modelItems.js'
import { reporting } from './reporting.js'
import { runWithProgress } from './runWithProgress.js'

/** `sdnb.downloadModel` and `sdnb.removeModel`: the command line does the work, so that a window that goes away leaves no half. */
export function registerModels(deps: CommandDeps): Disposable {
  return Disposables.from(
    commands.registerCommand('sdnb.downloadModel', reporting(deps, download)),
    commands.registerCommand('sdnb.removeModel', reporting(deps, remove)),
  )
}

/** @param id asked for where it is not given */
async function download({ findNode, cliFile }: CommandDeps, id?: string): Promise<void> {
  const wanted = id ?? (await askId())
  if (!wanted) return
  const commandLine = { node: await findNode(), cliFile }
  const plans = await window.withProgress(
    { location: ProgressLocation.Notification, title: `Asking the hub for ${wanted}` },
    () => plansOf(commandLine, wanted),
  )
  const here = plans.find(({ missing }) => missing === 0)
  if (here) return offerCode(here, 'is on this machine already')

  const { message, detail, choices } = planQuestion(plans)
  const answer = await window.showInformationMessage(message, { modal: true, detail }, ...choices)
  if (answer && (await pull(commandLine, answer.plan))) await offerCode(answer.plan, 'is on this machine now')
}

/** Whole, and in half precision where the hub has that. */
async function plansOf(commandLine: CommandLine, id: string): Promise<PullPlan[]> {
  const ask = async (variant?: string): Promise<PullPlan> => {
    const options = variant === undefined ? [] : ['--variant', variant]
    return {
      ...(await askCommandLine<PullPlan>(commandLine, ['models', 'pull', id, '--dry-run', ...options])),
      variant,
    }
  }
  const [whole, half] = await Promise.allSettled([ask(), ask('fp16')])
  const plans = [whole, half].flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  if (plans.length === 0) throw (whole as PromiseRejectedResult).reason
  return plans
}

/** @returns false where it was cancelled */
async function pull(commandLine: CommandLine, { id, variant }: PullPlan): Promise<boolean> {
  const options = variant === undefined ? [] : ['--variant', variant]
  const last = await runWithProgress<PullReport>(commandLine, ['models', 'pull', id, ...options], `Downloading ${id}`)
  if (last) return true
  void window.showInformationMessage(`The download of ${id} was stopped. The next goes on from there.`)
  return false
}

async function offerCode(plan: PullPlan, state: string): Promise<void> {
  const copy = 'Copy Code'
  const answer = await window.showInformationMessage(`${plan.id} ${state}.`, copy)
  if (answer === copy) await env.clipboard.writeText(loadingCode(plan))
}

/** What is typed, or one of the examples. */
function askId(): Promise<string | undefined> {
  const pick = window.createQuickPick()
  pick.title = 'Download a model of the Hugging Face hub'
  pick.placeholder = 'owner/name, or the address of its page; a Stable Diffusion 1.x model in diffusers layout'
  pick.items = exampleModels
  pick.onDidChangeValue(text => {
    const id = modelId(text)
    const typed = id === undefined ? [] : [{ label: id, alwaysShow: true }]
    pick.items = [...typed, ...exampleModels.filter(({ label }) => label !== id)]
  })
  return new Promise(resolve => {
    pick.onDidAccept(() => {
      resolve(pick.selectedItems[0]?.label)
      pick.hide()
    })
    pick.onDidHide(() => {
      resolve(undefined)
      pick.dispose()
    })
    pick.show()
  })
}

async function remove({ findNode, cliFile }: CommandDeps): Promise<void> {
  const commandLine = { node: await findNode(), cliFile }
  const { cacheDir, models } = await askCommandLine<ModelsReport>(commandLine, ['models', 'list'])
  const items = modelItems(models)
  if (items.length === 0) {
    void window.showInformationMessage(`No model was downloaded: ${cacheDir} has none.`)
    return
  }
  const item = await window.showQuickPick(items, { title: 'Remove a model', placeHolder: `in ${cacheDir}` })
  if (!item) return
  const { id, commit } = item.model
  const args = ['models', 'remove', id, '--revision', commit!]
  const { bytes } = await askCommandLine<RemoveReport>(commandLine, [...args, '--dry-run'])
  const question = {
    modal: true,
    detail: `${sizeText(bytes)} of the disk become free. Python's libraries share this copy.`,
  }
  const yes = 'Remove'
  if ((await window.showWarningMessage(`Remove ${id} from this machine?`, question, yes)) !== yes) return
  await askCommandLine<RemoveReport>(commandLine, [...args, '--yes'])
  void window.showInformationMessage(`${id} was removed.`)
}
