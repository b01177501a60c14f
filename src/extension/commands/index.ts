import { type Disposable, Disposable as Disposables } from 'vscode'
import type { CommandDeps } from './deps.js'
import { registerExport } from './export.js'
import { registerHelp } from './help.js'
import { registerInstallCuda } from './installCuda.js'
import { registerModelMemory } from './modelMemory.js'
import { registerModels } from './models.js'
import { registerNewNotebook } from './newNotebook.js'
import { registerRunAll } from './runAll.js'
import { registerSelectDevice } from './selectDevice.js'

/** Commands that are not about a kernel alone; those are in kernelCommands.ts. */
export function registerCommands(deps: CommandDeps): Disposable {
  return Disposables.from(
    registerNewNotebook(deps),
    registerRunAll(deps),
    registerSelectDevice(deps),
    registerInstallCuda(deps),
    registerModels(deps),
    registerExport(deps),
    registerModelMemory(deps),
    registerHelp(deps),
  )
}
