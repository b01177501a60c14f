import { expect, onTestFinished, test, vi } from 'vitest'
import { createJournal } from '../../src/kernel/journal.js'
import { type Message, message } from '../../src/protocol/messages.js'

const request = message('execute_request', { code: '' } as never).header
const printed = (text: string, name: 'stdout' | 'stderr' = 'stdout') => message('stream', { name, text }, request)
const shown = (text: string, display_id?: string, type: 'display_data' | 'update_display_data' = 'display_data') =>
  message(type, { data: { 'text/plain': text }, metadata: {}, transient: { display_id } }, request)
const cleared = (wait: boolean) => message('clear_output', { wait }, request)
const replied = () => message('execute_reply', { status: 'ok' } as never, request)

/** What is told of these, in short. */
function told(messages: Message[], journal = createJournal()) {
  journal.watched(true)
  journal.asked(request, undefined)
  for (const one of messages) journal.add(one)
  return journal.messages().map(({ header, content }) => {
    const { text, data, wait } = content as { text?: string; data?: Record<string, string>; wait?: boolean }
    return text ?? data?.['text/plain'] ?? (wait ? 'clear next' : header.msg_type)
  })
}

test('texts that follow each other are one', () =>
  expect(told([printed('a'), printed('b'), printed('c', 'stderr'), printed('d')])).toEqual(['ab', 'c', 'd']))

test('an update is shown in the place of what it updates', () =>
  expect(told([shown('0 %', 'p'), printed('a'), shown('100 %', 'p', 'update_display_data')])).toEqual(['100 %', 'a']))

test('of updates to what is not known the last is told', () =>
  expect(told([shown('1', 'p', 'update_display_data'), printed('a'), shown('2', 'p', 'update_display_data')])).toEqual([
    '2',
    'a',
  ]))

test('what was cleared is not told, nor updated', () => {
  expect(told([shown('a', 'p'), cleared(false), printed('b')])).toEqual(['b'])
  expect(told([printed('a'), cleared(true)])).toEqual(['a', 'clear next'])
  expect(told([printed('a'), cleared(true), printed('b')])).toEqual(['b'])
})

test('the oldest outputs are dropped, and a line says so', () => {
  // each takes 500 bytes and more
  const all = told([shown('1'), shown('2'), shown('3'), shown('4'), replied()], createJournal(2300))
  expect(all).toEqual([expect.stringMatching(/^sdnb: output is missing here/), '3', '4', 'execute_reply'])
})

test('what has ended is forgotten after 10 s of silence, but not while nobody is there', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
  onTestFinished(() => clock.mockRestore())
  const at = (seconds: number) => clock.mockReturnValue(seconds * 1000)
  const journal = createJournal()
  told([replied()], journal)
  at(9)
  journal.add(printed('late'))
  at(18)
  journal.watched(false)
  at(100)
  expect(journal.requests()).toHaveLength(1)
  journal.watched(true)
  at(109)
  expect(journal.requests()).toHaveLength(1)
  at(111)
  expect(journal.requests()).toEqual([])
  expect(journal.messages()).toEqual([])
})
