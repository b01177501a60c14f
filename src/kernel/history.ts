import type { HistoryReply, HistoryRequest } from '../protocol/messages.js'

/** The cells of this session; no other is kept. */
export interface History {
  add(line: number, input: string): void
  setOutput(line: number, output: string): void
  answer(request: HistoryRequest['content']): HistoryReply['content']
}

interface Entry {
  line: number
  input: string
  output: string | null
}

/** As other kernels number the session that runs when a client asks for history across sessions. */
const sessionNumber = 1

export function createHistory(): History {
  const entries: Entry[] = []

  return {
    add: (line, input) => void entries.push({ line, input, output: null }),
    setOutput(line, output) {
      const entry = entries.findLast(entry => entry.line === line)
      if (entry) entry.output = output
    },
    answer({ hist_access_type, output = false, session = 0, start = 0, stop, n, pattern = '*', unique = false }) {
      const found = {
        tail: () => last(entries, n),
        search: () => last(matching(entries, pattern, unique), n),
        range: () => (isThis(session) ? inRange(entries, start, stop) : []),
      }[hist_access_type]()
      const history = found.map((entry): [number, number, string | [string, string | null]] => [
        hist_access_type === 'range' ? session : sessionNumber,
        entry.line,
        output ? [entry.input, entry.output] : entry.input,
      ])
      return { status: 'ok', history }
    },
  }
}

const isThis = (session: number) => session === 0 || session === sessionNumber

const last = (entries: Entry[], n?: number | null) =>
  n === undefined || n === null ? entries : n > 0 ? entries.slice(-n) : []

const inRange = (entries: Entry[], start: number, stop?: number | null) =>
  entries.filter(({ line }) => line >= start && (stop === undefined || stop === null || line < stop))

function matching(entries: Entry[], pattern: string, unique: boolean): Entry[] {
  const glob = pattern
    .replace(/[.+^${}()|\\[\]]/g, '\\$&')
    .replace(/\*/g, '[^]*')
    .replace(/\?/g, '[^]')
  const found = entries.filter(({ input }) => RegExp(`^${glob}$`, 'u').test(input))
  if (!unique) return found
  return found.filter(({ input }, index) => found.findLastIndex(other => other.input === input) === index)
}
