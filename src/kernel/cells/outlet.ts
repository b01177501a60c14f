import { StringDecoder } from 'node:string_decoder'
import type { Header, Output } from '../../protocol/messages.js'
import type { FromRunner } from '../threads.js'

/** UTF-16 code units; escaped as JSON it may be six times as long. */
const longestPiece = 2 ** 20

type Said = Extract<FromRunner, { type: 'output' | 'print' }>

/** Where the output of one cell goes, while it runs and after; all of it at once, so that it is seen while a cell holds the thread. */
export interface Outlet {
  /** Sends a message after all that was printed and sent before; a promise keeps its place in the order. */
  send(message: Output | Promise<Output | undefined>): void
  print(name: 'stdout' | 'stderr', chunk: string | Uint8Array): void
  /** Resolves when every promise that was sent has settled. */
  settled(): Promise<void>
  /** The cell has ended: nothing waits for a promise any more, and half a character is all that comes of it. */
  close(): void
}

/** @param post tells the other thread */
export function createOutlet({ msg_id: id }: Header, post: (said: Said) => void): Outlet {
  /** what stands behind a promise that has not settled, and that promise first */
  let line: { said?: Said; isSettled: boolean }[] = []
  let waiters: (() => void)[] = []
  let isClosed = false
  const decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() }

  const say = (said: Said) => {
    if (line.length) line.push({ said, isSettled: true })
    else post(said)
  }
  const advance = () => {
    while (line[0]?.isSettled) {
      const { said } = line.shift()!
      if (said) post(said)
    }
    if (!line.length) wake()
  }
  const wake = () => {
    const woken = waiters
    waiters = []
    for (const resolve of woken) resolve()
  }

  return {
    send(item) {
      if (!(item instanceof Promise)) return say({ type: 'output', message: item })
      if (isClosed)
        return void item.then(
          message => message && post({ type: 'output', message }),
          () => {},
        )
      const entry: (typeof line)[0] = { isSettled: false }
      line.push(entry)
      const settle = (message?: Output) => {
        entry.said = message && { type: 'output', message }
        entry.isSettled = true
        advance()
      }
      item.then(settle, () => settle())
    },
    print(name, chunk) {
      const text = typeof chunk === 'string' ? chunk : decoders[name].write(Buffer.from(chunk))
      for (const piece of pieces(text)) say({ type: 'print', id, name, text: piece })
    },
    settled: () => new Promise<void>(resolve => (line.length ? waiters.push(resolve) : resolve())),
    close() {
      for (const name of ['stdout', 'stderr'] as const) {
        const text = decoders[name].end()
        if (text) say({ type: 'print', id, name, text })
      }
      for (const { said } of line) if (said) post(said)
      line = []
      isClosed = true
      wake()
    },
  }
}

/** Text in parts that any message can hold, none of which ends within a character. */
function* pieces(text: string): Iterable<string> {
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = Math.min(start + longestPiece, text.length)
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1])) end--
    yield text.slice(start, end)
  }
}
