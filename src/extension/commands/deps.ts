import type { LogOutputChannel, Uri } from 'vscode'
import type { Kernels } from '../kernels.js'
import type { NodeRuntime } from '../nodePath.js'

/** What commands work with. */
export interface CommandDeps {
  kernels: Kernels
  findNode(): Promise<NodeRuntime>
  log: LogOutputChannel
  /** the built command line, dist/cli.cjs */
  cliFile: string
  /** of the notebooks that new ones begin as */
  templates: Uri
}
