import { expect, test } from 'vitest'
import type { Output } from '../../src/notebook/nbformat.js'
import { outputGatherer } from '../../src/notebook/outputs.js'

const message = (msg_type: string, content: object) => ({ header: { msg_type }, content })
const stream = (name: string, text: string) => message('stream', { name, text })
const shown = (text: string, id?: string, type = 'display_data') =>
  message(type, { data: { 'text/plain': text }, metadata: {}, transient: id === undefined ? {} : { display_id: id } })

function gathered(...messages: ReturnType<typeof message>[]): Output[] {
  const outputs: Output[] = []
  const gather = outputGatherer()
  for (const message of messages) gather(outputs, message)
  return outputs
}

test('consecutive text of one stream is one output', () => {
  expect(gathered(stream('stdout', 'a'), stream('stdout', 'b'), stream('stderr', 'c'), stream('stdout', 'd'))).toEqual([
    { output_type: 'stream', name: 'stdout', text: 'ab' },
    { output_type: 'stream', name: 'stderr', text: 'c' },
    { output_type: 'stream', name: 'stdout', text: 'd' },
  ])
})

test('an update changes the display with its id where it stands, in another cell too', () => {
  const gather = outputGatherer()
  const [first, second]: Output[][] = [[], []]
  gather(first, shown('10 %', 'bar'))
  gather(first, stream('stdout', 'after'))
  gather(second, shown('20 %', 'bar', 'update_display_data'))
  expect(first).toMatchObject([{ data: { 'text/plain': '20 %' } }, { text: 'after' }])
  expect(second).toEqual([])
})

test('an update of a display nobody has is passed over', () => {
  expect(gathered(shown('lost', 'gone', 'update_display_data'))).toEqual([])
})

test('clear_output empties at once, or with the next output', () => {
  const clear = (wait: boolean) => message('clear_output', { wait })
  expect(gathered(stream('stdout', 'a'), clear(false))).toEqual([])
  expect(gathered(stream('stdout', 'a'), clear(true))).toHaveLength(1)
  expect(gathered(stream('stdout', 'a'), clear(true), stream('stdout', 'b'))).toMatchObject([{ text: 'b' }])
})

test('bytes of a picture are kept as base64, also those in the middle of a buffer', () => {
  const bytes = new Uint8Array([9, 137, 80, 78, 71, 9]).subarray(1, 5)
  const picture = message('display_data', { data: { 'image/png': bytes } })
  expect(gathered(picture)).toEqual([{ output_type: 'display_data', data: { 'image/png': 'iVBORw==' }, metadata: {} }])
})

test('a result keeps its count, an error its traceback; states are no outputs', () => {
  expect(
    gathered(
      message('status', { execution_state: 'busy' }),
      message('execute_result', { execution_count: 3, data: { 'text/plain': '1' }, metadata: {} }),
      message('error', { ename: 'TypeError', evalue: 'x', traceback: ['TypeError: x'] }),
    ),
  ).toEqual([
    { output_type: 'execute_result', execution_count: 3, data: { 'text/plain': '1' }, metadata: {} },
    { output_type: 'error', ename: 'TypeError', evalue: 'x', traceback: ['TypeError: x'] },
  ])
})
