import { ProgressLocation, window } from 'vscode'
import { sizeText } from '../../protocol/sizeText.js'
import { type CommandLine, runCommandLine } from './commandLine.js'

interface Report {
  type: string
  loaded?: number
  total?: number
}

/**
 * Runs a command that downloads, `sdnb … --json`, under a notification with its progress and a Cancel.
 * @returns what it reports last; undefined where it was cancelled
 */
export async function runWithProgress<T extends Report>(
  commandLine: CommandLine,
  args: string[],
  title: string,
): Promise<T | undefined> {
  return window.withProgress(
    { location: ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const stop = new AbortController()
      token.onCancellationRequested(() => stop.abort())
      let shown = 0
      let last: T | undefined
      const onLine = (line: string) => {
        last = JSON.parse(line) as T
        const { type, loaded = 0, total = 0 } = last
        if (type !== 'progress') return
        const percent = (100 * loaded) / total
        progress.report({ message: `${sizeText(loaded)} of ${sizeText(total)}`, increment: percent - shown })
        shown = percent
      }
      try {
        await runCommandLine(commandLine, [...args, '--json'], { signal: stop.signal, onLine })
        return last
      } catch (error) {
        if (!stop.signal.aborted) throw error
        return undefined
      }
    },
  )
}
