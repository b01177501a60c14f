import { commands, type Disposable, Disposable as Disposables } from 'vscode'
import type { CommandDeps } from './deps.js'

/** `sdnb.openLog` and `sdnb.openWalkthrough`. */
export function registerHelp({ log }: CommandDeps): Disposable {
  return Disposables.from(
    commands.registerCommand('sdnb.openLog', () => log.show()),
    commands.registerCommand('sdnb.openWalkthrough', () =>
      commands.executeCommand('workbench.action.openWalkthrough', 'sdnb.sdnb#getStarted', false),
    ),
  )
}
