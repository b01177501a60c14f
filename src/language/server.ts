import type { FromServer, Method, Methods, ToServer } from './serverProtocol.js'
import { createLanguageService } from './service.js'

/** The language service in a process of its own, whose working directory is the notebook's folder. It ends with its parent. */
const service = createLanguageService({ cwd: process.cwd() })
const waiting: ToServer[] = []

process.on('disconnect', () => process.exit())
process.on('message', (message: ToServer) => {
  if (message.method === 'cancel') drop(message.params.id)
  else waiting.push(message)
  if (waiting.length === 1) setImmediate(next)
})

// reads the libraries while nobody waits yet
service.update({ order: ['warm-up'], changed: [{ id: 'warm-up', text: '' }] })
service.completions({ cell: 'warm-up', offset: 0 })
service.update({ order: [], changed: [] })

/** One message a turn, so that a cancellation behind others is heard before them. */
function next() {
  const message = waiting.shift()
  if (message) answer(message)
  if (waiting.length > 0) setImmediate(next)
}

function drop(id: number) {
  const index = waiting.findIndex(message => 'id' in message && message.id === id)
  if (index >= 0) waiting.splice(index, 1)
}

function answer(message: ToServer) {
  try {
    if (!('id' in message)) notified(message)
    else reply({ id: message.id, result: call(message.method, message.params) })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    if ('id' in message) reply({ id: message.id, error: { message: text } })
    else console.error(text)
  }
}

function notified(message: Exclude<ToServer, { id: number }>) {
  if (message.method === 'update') service.update(message.params)
  else if (message.method === 'refresh') service.refresh()
}

function call(method: Method, params: Methods[Method]['params']) {
  if (!Object.hasOwn(service, method)) throw new Error(`Unknown method '${method}'`)
  return (service[method] as (of: typeof params) => Methods[Method]['result'])(params)
}

function reply(message: FromServer) {
  process.send?.(message)
}
