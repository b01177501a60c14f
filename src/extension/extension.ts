import type { ExtensionContext } from 'vscode'
import { registerCellIds } from './cellIds.js'
import { createController, registerExecution } from './controller.js'
import { registerKernelCommands } from './kernelCommands.js'
import { createKernels } from './kernels.js'
import { registerLanguageFeatures } from './language/registerLanguageFeatures.js'
import { log } from './log.js'
import { findNode } from './nodePath.js'
import { registerProblems } from './problems.js'
import { registerSerializer } from './serializer.js'
import { registerStaleMarks } from './staleMarks.js'
import { registerStatusBar } from './statusBar.js'

/** Nothing is started here: kernels and servers start when they are needed. */
export function activate(context: ExtensionContext): void {
  const controller = createController()
  const kernels = createKernels(context, controller)
  context.subscriptions.push(
    log,
    controller,
    kernels,
    registerSerializer(),
    registerCellIds(),
    registerExecution(controller, kernels),
    registerKernelCommands(kernels),
    registerStatusBar(kernels),
    registerStaleMarks(kernels),
    registerProblems(kernels),
    registerLanguageFeatures({ findNode, serverFile: context.asAbsolutePath('dist/languageServer.js'), log }),
  )
}
