import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Header } from '../../protocol/messages.js'
import type { InputAnswer } from '../threads.js'
import { currentCell } from './cell.js'
import { InterruptedError } from './interruptedError.js'

/** Where the main thread, which waits, finds the answer. */
export interface InputLine {
  port: MessagePort
  /** one Int32 that becomes 1 when the answer is there */
  flag: SharedArrayBuffer
}

/**
 * Gives cells the web's `prompt()` and `confirm()`; both hold the cell until the user has answered.
 * @param ask sends the question
 */
export function installInput({ port, flag }: InputLine, ask: (parent: Header, prompt: string) => void): void {
  const ready = new Int32Array(flag)

  const question = (text: string): string => {
    const cell = currentCell()
    if (!cell) throw new Error('prompt() and confirm() ask the user of a cell; no cell runs')
    if (cell.signal.aborted) throw cell.signal.reason
    Atomics.store(ready, 0, 0)
    ask(cell.parent, text)
    Atomics.wait(ready, 0, 0)
    const answer = receiveMessageOnPort(port)!.message as InputAnswer
    if ('interrupted' in answer) {
      cell.end(new InterruptedError('The cell was stopped'))
      throw cell.signal.reason
    }
    if ('error' in answer) throw new Error(answer.error)
    return answer.value
  }

  Object.assign(globalThis, {
    /** The user's text; where it is empty, the preset. */
    prompt(message = '', preset?: string): string | null {
      const text = question(preset === undefined ? `${message} ` : `${message} [${preset}] `)
      return text === '' ? (preset ?? '') : text
    },
    /** Whether the user said yes. */
    confirm(message = ''): boolean {
      return /^\s*y(es)?\s*$/i.test(question(`${message} [y/N] `))
    },
  })
}
