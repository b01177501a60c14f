import type { Message, Request } from '../../protocol/messages.js'
import type { Kernel } from '../kernel.js'

/**
 * A kernel over the channel of the process that forked this one; bytes cross as they are.
 * @param end is called when the parent has gone, or has asked for it and been answered
 */
export function serveIpc(kernel: Kernel, end: () => void): void {
  const send = process.send!.bind(process)
  const deliver = (message: Message) =>
    new Promise<void>(resolve => send(message, undefined, undefined, () => resolve()))

  process.on('disconnect', end)
  process.on('message', async request => {
    for await (const message of kernel.handle(request as Request)) {
      const delivered = deliver(message)
      if (message.header.msg_type !== 'shutdown_reply') continue
      await delivered
      end()
    }
  })
  void (async () => {
    for await (const message of kernel.messages) void deliver(message)
  })()
}
