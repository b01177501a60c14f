import {
  ConfigurationTarget,
  commands,
  type Disposable,
  ProgressLocation,
  type WorkspaceConfiguration,
  window,
  workspace,
} from 'vscode'
import type { DoctorReport } from '../../protocol/commandLine.js'
import { activeNotebook } from '../notebooks.js'
import { askCommandLine } from './commandLine.js'
import type { CommandDeps } from './deps.js'
import { type DeviceItem, deviceItems } from './deviceItems.js'
import { reporting } from './reporting.js'

/** `sdnb.selectDevice`: what `sdnb doctor` finds, to choose from; the choice is the setting `sdnb.device`. */
export function registerSelectDevice(deps: CommandDeps): Disposable {
  return commands.registerCommand('sdnb.selectDevice', reporting(deps, selectDevice))
}

async function selectDevice(deps: CommandDeps): Promise<void> {
  const notebook = activeNotebook()
  const settings = workspace.getConfiguration('sdnb', notebook?.uri)
  const current = settings.get('device', 'auto')
  const items = findDevices(deps).then(({ devices }) => deviceItems(devices, current))
  const item = await window.showQuickPick<DeviceItem>(items, {
    title: 'Device of pipelines that name none',
    placeHolder: 'Trying the devices of this machine…',
    matchOnDescription: true,
  })
  if (!item) return
  if (item.problem !== undefined) {
    const install = item.problem.includes('sdnb install cuda') ? ['Install CUDA'] : []
    const answer = await window.showWarningMessage(item.problem, ...install)
    if (answer) await commands.executeCommand('sdnb.installCuda')
    return
  }
  await settings.update('device', item.device, targetOf(settings.inspect('device')))
  if (!notebook || !deps.kernels.of(notebook) || item.device === current) return
  const restart = 'Restart Kernel'
  const text = `The kernel that runs keeps its device; ${item.device} is taken by the next.`
  if ((await window.showInformationMessage(text, restart)) === restart) await deps.kernels.restart(notebook)
}

/** Where it is set already, as that holds over what is set elsewhere. */
function targetOf(set: ReturnType<WorkspaceConfiguration['inspect']>): ConfigurationTarget {
  if (set?.workspaceFolderValue !== undefined) return ConfigurationTarget.WorkspaceFolder
  return set?.workspaceValue !== undefined ? ConfigurationTarget.Workspace : ConfigurationTarget.Global
}

async function findDevices({ findNode, cliFile }: CommandDeps): Promise<DoctorReport> {
  const node = await findNode()
  return window.withProgress({ location: ProgressLocation.Window, title: 'Trying devices' }, () =>
    askCommandLine<DoctorReport>({ node, cliFile }, ['doctor'], { exitCodes: [0, 1] }),
  )
}
