import { MessageChannel } from 'node:worker_threads'

const { port1, port2 } = new MessageChannel()
const waiting: (() => void)[] = []
port1.on('message', () => waiting.shift()?.())

/**
 * The event loop's next turn. By a message and not by `setImmediate`: V8's `terminateExecution`, when it hits what runs in an
 * immediate, leaves Node's stack of asynchronous hooks broken.
 */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    waiting.push(resolve)
    port2.postMessage(undefined)
  })
}
