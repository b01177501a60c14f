import { type ExtensionContext, Uri } from 'vscode'
import { registerCellIds } from './cellIds.js'
import { registerCommands } from './commands/index.js'
import { createController, serveExecution } from './controller.js'
import { registerKernelCommands } from './kernelCommands.js'
import { createKernels } from './kernels.js'
import { registerLanguageFeatures } from './language/registerLanguageFeatures.js'
import { log } from './log.js'
import { findNode } from './nodePath.js'
import { registerPictureActions } from './pictures/pictureActions.js'
import { registerProblems } from './problems.js'
import { registerSerializer } from './serializer.js'
import { registerStaleMarks } from './staleMarks.js'
import { registerStatusBar } from './statusBar.js'
import { registerVariables } from './views/variables.js'
import { registerWalkthrough } from './walkthrough.js'

/** Nothing is started here: kernels and servers start when they are needed. */
export function activate(context: ExtensionContext): void {
  const controller = createController()
  const kernels = createKernels(context, controller)
  serveExecution(controller, kernels)
  const cliFile = context.asAbsolutePath('dist/cli.cjs')
  const templates = Uri.joinPath(context.extensionUri, 'templates')
  context.subscriptions.push(
    log,
    controller,
    kernels,
    registerSerializer(),
    registerCellIds(),
    registerKernelCommands(kernels),
    registerCommands({ kernels, findNode, log, cliFile, templates }),
    registerVariables(kernels),
    registerWalkthrough(),
    registerStatusBar(kernels),
    registerStaleMarks(kernels),
    registerProblems(kernels),
    registerLanguageFeatures({ findNode, serverFile: context.asAbsolutePath('dist/languageServer.js'), log }),
    registerPictureActions(kernels),
  )
}
