import type { NotebookDocument } from 'vscode'
import type { LanguageServer, LanguageServerDiedError } from '../../language/client.js'
import { codeCells, idOf } from './cells.js'

/** A notebook's language server, started at its first question, and again at the next one after it has ended. */
export interface NotebookServer {
  /** Asks it, once it knows the cells as they are now. @returns undefined while it may not be started yet again */
  ask<T>(question: (server: LanguageServer) => Promise<T>): Promise<T | undefined>
  dispose(): void
}

/** One that ends again and again is not started for each key that is pressed. */
const mostStartsAMinute = 3

/** @param start starts a server, which knows of no cells yet, and is told how the one before has ended */
export function createNotebookServer(
  notebook: NotebookDocument,
  start: (died: LanguageServerDiedError | undefined) => Promise<LanguageServer>,
): NotebookServer {
  let starting: Promise<LanguageServer> | undefined
  let server: LanguageServer | undefined
  let starts: number[] = []
  let sentOrder = ''
  /** cell → version of its document that the server has */
  const sent = new Map<string, number>()

  return {
    async ask(question) {
      const died = server?.died
      if (died) forget()
      const running = starting ?? begin(died)
      if (!running) return undefined
      const current = await running
      if (current === server) update(current)
      return question(current)
    },
    dispose() {
      void starting?.then(
        server => server.dispose(),
        () => {},
      )
      forget()
    },
  }

  function begin(died: LanguageServerDiedError | undefined): Promise<LanguageServer> | undefined {
    const now = Date.now()
    starts = starts.filter(time => now - time < 60_000)
    if (starts.length === mostStartsAMinute) return undefined
    starts.push(now)
    const begun = start(died)
    starting = begun
    begun.then(
      started => {
        if (starting === begun) server = started
      },
      () => {
        if (starting === begun) forget()
      },
    )
    return begun
  }

  /** Tells the server what has changed since the last question. */
  function update(server: LanguageServer) {
    const cells = codeCells(notebook)
    const order = cells.map(idOf)
    const changed = cells.filter((cell, i) => sent.get(order[i]) !== cell.document.version)
    if (changed.length === 0 && sentOrder === order.join('\n')) return
    server.update({ order, changed: changed.map(cell => ({ id: idOf(cell), text: cell.document.getText() })) })
    sentOrder = order.join('\n')
    sent.clear()
    for (const [i, { document }] of cells.entries()) sent.set(order[i], document.version)
  }

  function forget() {
    starting = undefined
    server = undefined
    sentOrder = ''
    sent.clear()
  }
}
