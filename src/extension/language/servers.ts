import { type CancellationToken, type Disposable, type NotebookDocument, type TextDocument, workspace } from 'vscode'
import { type LanguageServer, LanguageServerDiedError, startLanguageServer } from '../../language/client.js'
import { folderOf, nameOf } from '../notebooks.js'
import { onDidCloseNotebook } from '../notebookTabs.js'
import { notebookOf } from './cells.js'
import { createNotebookServer, type NotebookServer } from './notebookServer.js'
import type { LanguageFeatures } from './registerLanguageFeatures.js'

/** The language servers of the window, one an open notebook. */
export interface Servers extends Disposable {
  /**
   * Asks the language server of a cell's notebook.
   * @param question is asked with the cell's id and a signal to pass on
   * @returns undefined when there is no answer: the question was given up, the cell is gone, the server could not say; the log knows
   */
  ask<T>(document: TextDocument, question: Question<T>, token?: CancellationToken): Promise<T | undefined>
}

export type Question<T> = (server: LanguageServer, cell: string, signal: AbortSignal) => Promise<T>

export function createServers({ findNode, serverFile, log }: LanguageFeatures): Servers {
  const servers = new Map<NotebookDocument, NotebookServer>()
  const closing = onDidCloseNotebook(notebook => {
    servers.get(notebook)?.dispose()
    servers.delete(notebook)
  })

  return {
    async ask(document, question, token) {
      const notebook = notebookOf(document)
      // no program is started for a folder that is not trusted
      if (!notebook || !workspace.isTrusted || token?.isCancellationRequested) return undefined
      const given = new AbortController()
      const cancelling = token?.onCancellationRequested(() => given.abort())
      try {
        const cell = document.uri.toString()
        return await serverOf(notebook).ask(server => question(server, cell, given.signal))
      } catch (error) {
        if (!given.signal.aborted) complain(notebook, error)
        return undefined
      } finally {
        cancelling?.dispose()
      }
    },
    dispose() {
      closing.dispose()
      for (const server of servers.values()) server.dispose()
      servers.clear()
    },
  }

  function serverOf(notebook: NotebookDocument): NotebookServer {
    const server = servers.get(notebook) ?? createNotebookServer(notebook, died => start(notebook, died))
    servers.set(notebook, server)
    return server
  }

  async function start(notebook: NotebookDocument, died: LanguageServerDiedError | undefined): Promise<LanguageServer> {
    if (died) log.error(`${nameOf(notebook)}: ${died.message}`)
    const { execPath, env, version } = await findNode()
    const server = await startLanguageServer({ cwd: folderOf(notebook), server: serverFile, execPath, env })
    log.info(`${nameOf(notebook)}: language server ${server.pid} on Node.js ${version}`)
    return server
  }

  /** Of a notebook that has been closed meanwhile nobody asks; that a server has died is said when the next one starts. */
  function complain(notebook: NotebookDocument, error: unknown) {
    if (notebook.isClosed || error instanceof LanguageServerDiedError) return
    log.warn(`${nameOf(notebook)}: the language server could not answer: ${(error as Error).message}`)
  }
}
