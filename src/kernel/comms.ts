import { type CommMessage, message } from '../protocol/messages.js'
import type { JsonValue } from '../protocol/mime.js'

/** What answers the messages of one comm that a client has opened. */
export type CommTarget = (data: { [key: string]: JsonValue }) => Promise<{ [key: string]: JsonValue }>

/** The comms that clients have open; the kernel opens none. */
export interface Comms {
  /** The messages that answer one; a comm is its owner's who opened it. */
  receive(message: CommMessage, owner: object): Promise<CommMessage[]>
  /** The owner has gone, and its comms with it. */
  left(owner: object): void
  /** comm id → target */
  open: ReadonlyMap<string, string>
  /** Messages of the same data for every open comm of the target. */
  tell(target: string, data: { [key: string]: JsonValue }): CommMessage[]
}

export function createComms(targets: Record<string, CommTarget>): Comms {
  const open = new Map<string, string>()
  const owners = new Map<string, object>()
  const close = (id: string) => {
    open.delete(id)
    owners.delete(id)
  }

  return {
    open,
    async receive({ header, content }, owner) {
      const { comm_id, data } = content
      if (header.msg_type === 'comm_open') {
        const { target_name } = content as { target_name: string }
        if (!Object.hasOwn(targets, target_name)) return [message('comm_close', { comm_id, data: {} }, header)]
        open.set(comm_id, target_name)
        owners.set(comm_id, owner)
      }
      const target = open.get(comm_id)
      if (header.msg_type === 'comm_close' || target === undefined) {
        close(comm_id)
        return []
      }
      return [message('comm_msg', { comm_id, data: await targets[target](data) }, header)]
    },
    left(owner) {
      for (const [id, one] of owners) if (one === owner) close(id)
    },
    tell: (target, data) =>
      [...open].flatMap(([comm_id, name]) => (name === target ? [message('comm_msg', { comm_id, data })] : [])),
  }
}
