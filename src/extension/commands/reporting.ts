import { type LogOutputChannel, window } from 'vscode'

/** A command whose errors are shown in one line and written to the log. */
export function reporting<D extends { log: LogOutputChannel }, A extends unknown[]>(
  deps: D,
  command: (deps: D, ...args: A) => Promise<void>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await command(deps, ...args)
    } catch (error) {
      deps.log.error(error as Error)
      const open = 'Open Log'
      const answer = await window.showErrorMessage((error as Error).message.split('\n', 1)[0], open)
      if (answer === open) deps.log.show()
    }
  }
}
