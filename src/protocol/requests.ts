import { type CommMessage, type Header, type Message, message, type Request } from './messages.js'
import { type Queue, queue } from './queue.js'

/** What a client has asked a kernel, and which of the kernel's messages belong to what. */
export interface Requests {
  /**
   * Sends a request, or a comm's message: every message that it causes, `status: idle` last.
   * @throws what `end()` was given, when that comes before
   */
  request(request: Request | CommMessage): AsyncIterable<Message>
  /** Takes a message of the kernel. */
  receive(message: Message): void
  /** Text that the kernel's process has printed past the kernel: of the cell that runs, if one does. */
  printed(name: 'stdout' | 'stderr', text: string): void
  /** what belongs to no open request, as the output of a timer after its cell has ended */
  late: AsyncIterable<Message>
  /** No more will come. */
  end(error: Error): void
}

export function createRequests(send: (request: Request | CommMessage) => void): Requests {
  const open = new Map<string, { header: Header; replies: Queue<Message> }>()
  const late = queue<Message>()
  let ended: Error | undefined

  return {
    late,
    request(request) {
      const replies = queue<Message>()
      if (ended) replies.end(ended)
      else {
        open.set(request.header.msg_id, { header: request.header, replies })
        send(request)
      }
      return replies
    },
    receive(message) {
      const { msg_id } = message.parent_header
      const request = open.get(String(msg_id))
      if (!request) return late.push(message)
      request.replies.push(message)
      if (message.header.msg_type !== 'status' || !('execution_state' in message.content)) return
      if (message.content.execution_state !== 'idle') return
      open.delete(String(msg_id))
      request.replies.end()
    },
    printed(name, text) {
      const request = [...open.values()].find(({ header }) => header.msg_type === 'execute_request')
      request?.replies.push(message('stream', { name, text }, request.header))
    },
    end(error) {
      ended ??= error
      for (const { replies } of open.values()) replies.end(ended)
      open.clear()
      late.end()
    },
  }
}
