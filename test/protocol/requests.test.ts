import { expect, test } from 'vitest'
import { type Header, type Message, message } from '../../src/protocol/messages.js'
import { createRequests } from '../../src/protocol/requests.js'

const status = (execution_state: 'busy' | 'idle', of: { header: Header }) =>
  message('status', { execution_state }, of.header)
const execute = () => message('execute_request', { code: '' } as never)

async function collected(messages: AsyncIterable<Message>): Promise<Message[]> {
  const all: Message[] = []
  for await (const one of messages) all.push(one)
  return all
}

test('a request gets its own messages up to idle, what comes then is late', async () => {
  const sent: Message[] = []
  const requests = createRequests(request => sent.push(request))
  const [a, b] = [execute(), execute()]
  const [ofA, ofB] = [collected(requests.request(a)), collected(requests.request(b))]
  expect(sent).toEqual([a, b])
  const [busyB, busyA, idleA, idleB] = [status('busy', b), status('busy', a), status('idle', a), status('idle', b)]
  const late = message('stream', { name: 'stdout', text: 'late' }, a.header)
  for (const one of [busyB, busyA, idleA, late, idleB]) requests.receive(one)
  expect(await ofA).toEqual([busyA, idleA])
  expect(await ofB).toEqual([busyB, idleB])
  requests.end(new Error('over'))
  expect(await collected(requests.late)).toEqual([late])
})

test('what the process prints is of the cell that was asked for first', async () => {
  const requests = createRequests(() => {})
  const [info, first] = [message('kernel_info_request', {}), execute()]
  const messages = [info, first, execute()].map(request => collected(requests.request(request)))
  messages[2].catch(() => {})
  requests.printed('stderr', 'native')
  requests.receive(status('idle', first))
  expect((await messages[1])[0]).toMatchObject({
    content: { name: 'stderr', text: 'native' },
    parent_header: first.header,
  })
  requests.receive(status('idle', info))
  expect(await messages[0]).toHaveLength(1)
})

test('the end fails what is open, and what is asked after it', async () => {
  const requests = createRequests(() => {})
  const open = collected(requests.request(execute()))
  requests.end(new Error('died'))
  await expect(open).rejects.toThrow('died')
  await expect(collected(requests.request(execute()))).rejects.toThrow('died')
})
