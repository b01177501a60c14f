import type { Socket } from 'node:net'
import { encodeFrame, frameDecoder } from '../../src/protocol/frames.js'
import type { Resumed, ResumedRequest } from '../../src/protocol/localSocket.js'
import { type Message, type MessageType, message } from '../../src/protocol/messages.js'
import type { JsonValue } from '../../src/protocol/mime.js'

/** A client on a local socket that has shown its token; it notes what it hears. */
export function clientOf(socket: Socket) {
  const heard: Message[] = []
  let resumed: ResumedRequest[] | undefined
  const waiting = new Set<() => void>()
  socket.on(
    'data',
    frameDecoder(received => {
      if (Object.hasOwn(received as object, 'resumed')) resumed = (received as Resumed).resumed.requests
      else heard.push(received as Message)
      for (const look of waiting) look()
    }),
  )
  const until = <T>(find: () => T | undefined) =>
    new Promise<T>(resolve => {
      const look = () => {
        const found = find()
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  const client = {
    ...{ socket, heard },
    /** What it has taken over; asked for by `replay`. */
    resumed: () => until(() => resumed),
    /** Sends a message, whatever it is, and gives its id. */
    send(type: string, content: unknown, change: object = {}): string {
      const { metadata, ...made } = message(type as MessageType, content as never) as Message
      const sent = { ...made, metadata, ...change }
      socket.write(encodeFrame(sent as unknown as { [key: string]: JsonValue }))
      return made.header.msg_id
    },
    until: (type: string, parent?: string) =>
      until(() =>
        heard.find(
          ({ header, parent_header }) =>
            header.msg_type === type &&
            (parent === undefined || (parent_header as { msg_id?: string }).msg_id === parent),
        ),
      ),
    /** What came of a request, when it is idle. */
    async answered(id: string) {
      const own = () => heard.filter(({ parent_header }) => (parent_header as { msg_id?: string }).msg_id === id)
      await until(() => own().find(({ content }) => 'execution_state' in content && content.execution_state === 'idle'))
      return own().map(({ header, content }) => ({
        type: header.msg_type,
        content: content as Record<string, unknown>,
      }))
    },
    run: (code: string) => client.send('execute_request', { code, stop_on_error: true, allow_stdin: true }),
    alive: async () => (await client.answered(client.send('kernel_info_request', {})))[1].content.status,
  }
  return client
}
