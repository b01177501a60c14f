import { type CommMessage, message } from '../protocol/messages.js'
import type { JsonValue } from '../protocol/mime.js'

/** What answers the messages of one comm that a client has opened. */
export type CommTarget = (data: { [key: string]: JsonValue }) => Promise<{ [key: string]: JsonValue }>

/** The comms that clients have open; the kernel opens none. */
export interface Comms {
  /** The messages that answer one. */
  receive(message: CommMessage): Promise<CommMessage[]>
  /** comm id → target */
  open: ReadonlyMap<string, string>
  /** Messages of the same data for every open comm of the target. */
  tell(target: string, data: { [key: string]: JsonValue }): CommMessage[]
}

export function createComms(targets: Record<string, CommTarget>): Comms {
  const open = new Map<string, string>()

  return {
    open,
    async receive({ header, content }) {
      const { comm_id, data } = content
      if (header.msg_type === 'comm_open') {
        const { target_name } = content as { target_name: string }
        if (!Object.hasOwn(targets, target_name)) return [message('comm_close', { comm_id, data: {} }, header)]
        open.set(comm_id, target_name)
      }
      const target = open.get(comm_id)
      if (header.msg_type === 'comm_close' || target === undefined) {
        open.delete(comm_id)
        return []
      }
      return [message('comm_msg', { comm_id, data: await targets[target](data) }, header)]
    },
    tell: (target, data) =>
      [...open].flatMap(([comm_id, name]) => (name === target ? [message('comm_msg', { comm_id, data })] : [])),
  }
}
