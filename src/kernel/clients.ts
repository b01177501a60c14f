import type { ResumedRequest } from '../protocol/localSocket.js'
import type { Message } from '../protocol/messages.js'
import { tellFault } from './fault.js'
import type { Journal } from './journal.js'
import { insteadOf } from './unsendable.js'

/** Says something to one client. */
export type Asker = (message: Message) => void

/** Whoever hears a kernel; what is said is in its journal, too. */
export interface Clients {
  /** @param resumed (`hub.ts`) */
  add(client: Asker, resumed?: (requests: ResumedRequest[]) => void): void
  /** Whether it was there. */
  delete(client: Asker): boolean
  has(client: Asker): boolean
  publish(message: Message): void
  /** To those of the clients that are there. */
  send(message: Message, ...to: Asker[]): void
}

export function createClients(journal: Journal | undefined): Clients {
  const clients = new Set<Asker>()

  /** The kernel outlives what cannot be sent. */
  const say = (message: Message, client: Asker) => {
    try {
      try {
        client(message)
      } catch (error) {
        client(insteadOf(message, asError(error)))
      }
    } catch (error) {
      tellFault(error)
    }
  }
  const send = (message: Message, ...to: Asker[]) => {
    // who has taken over is asked anew
    if (message.channel !== 'stdin') journal?.add(message)
    for (const client of to) if (clients.has(client)) say(message, client)
  }

  return {
    add(client, resumed) {
      if (!clients.size) journal?.watched(true)
      clients.add(client)
      resumed?.(journal?.requests() ?? [])
      if (resumed) for (const message of journal?.messages() ?? []) say(message, client)
    },
    delete(client) {
      const was = clients.delete(client)
      if (was && !clients.size) journal?.watched(false)
      return was
    },
    has: client => clients.has(client),
    publish: message => send(message, ...clients),
    send,
  }
}

export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
