import { afterEach, expect, test } from 'vitest'
import { callerSignal, signalSymbol } from '../../src/pipeline/callerSignal.js'

afterEach(() => void Reflect.deleteProperty(globalThis, signalSymbol))

test('a call ends by its own signal, by its cell’s, or by neither', () => {
  expect(callerSignal()).toBeUndefined()
  const [own, cell] = [new AbortController(), new AbortController()]
  expect(callerSignal(own.signal)).toBe(own.signal)
  Reflect.set(globalThis, signalSymbol, () => cell.signal)
  expect(callerSignal()).toBe(cell.signal)
  const both = callerSignal(own.signal)!
  cell.abort('stopped')
  expect([both.aborted, both.reason]).toEqual([true, 'stopped'])
})
