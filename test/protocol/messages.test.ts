import { expect, test } from 'vitest'
import { message } from '../../src/protocol/messages.js'

test('an answer names its request, and keeps its session and user', () => {
  const request = message('history_request', { hist_access_type: 'tail', n: 1 })
  const answer = message('stream', { name: 'stdout', text: 'a' }, request.header)
  expect(answer.parent_header).toBe(request.header)
  expect(answer.header).toMatchObject({ msg_type: 'stream', session: request.header.session, version: '5.5' })
  expect([request.channel, answer.channel, message('interrupt_request', {}).channel]).toEqual([
    'shell',
    'iopub',
    'control',
  ])
})
