import { type LanguageServer, LanguageServerDiedError, startLanguageServer } from '../language/client.js'
import type { Completion, Diagnostic, SignatureHelp } from '../language/serverProtocol.js'
import type { MimeBundle } from '../protocol/mime.js'
import type { LanguageAnswers } from './answers.js'

/** The language service as Jupyter's messages know it. Its process starts with the first question. */
export interface Language extends LanguageAnswers {
  /** A cell has run; under the same id, it takes the place of what ran before. */
  ran(id: string, code: string): void
  /** Starts the process ahead of the first question, which clients do not wait for as long. */
  warm(): void
  /** What TypeScript has to say of a cell that has run. */
  diagnostics(id: string): Promise<Diagnostic[]>
}

/** The id of the text that a question is about: a cell that has not run. */
const asked = 'asked'

export function createLanguage(cwd: string): Language {
  /** in the order of their last runs */
  const cells = new Map<string, string>()
  const unsent = new Set<string>()
  let server: LanguageServer | undefined
  let starting: Promise<LanguageServer> | undefined

  return {
    ran(id, code) {
      cells.delete(id)
      cells.set(id, code)
      unsent.add(id)
      server?.refresh()
    },

    warm: () => void started().catch(() => {}),
    diagnostics: id => ask('', server => server.diagnostics({ cell: id })),

    async complete({ code, cursor_pos }) {
      const offset = codeUnits(code, cursor_pos)
      const { range, items } = await ask(code, server => server.completions({ cell: asked, offset }))
      const typed = code.slice(range.start, offset).toLowerCase()
      // what comes with an import cannot be put into a reply
      const fitting = items
        .filter(item => !item.source && !item.range && textOf(item).toLowerCase().startsWith(typed))
        .sort((a, b) => (a.sortText < b.sortText ? -1 : a.sortText > b.sortText ? 1 : 0))
      const [start, end] = [codePoints(code, range.start), codePoints(code, range.end)]
      return {
        status: 'ok',
        matches: fitting.map(textOf),
        cursor_start: start,
        cursor_end: end,
        // as IPython tells kinds, and JupyterLab shows them
        metadata: {
          _jupyter_types_experimental: fitting.map(item => ({ start, end, text: textOf(item), type: item.kind })),
        },
      }
    },

    async inspect({ code, cursor_pos }) {
      const offset = codeUnits(code, cursor_pos)
      const markdown = await ask(code, async server => {
        const hover = async (offset: number) => (await server.hover({ cell: asked, offset }))?.contents
        return (
          (await hover(offset)) ??
          (offset > 0 ? await hover(offset - 1) : undefined) ??
          signatures(await server.signatureHelp({ cell: asked, offset }))
        )
      })
      const data: MimeBundle = {}
      if (markdown !== undefined) {
        data['text/markdown'] = markdown
        data['text/plain'] = markdown.replace(/^```.*\n?/gm, '').trim()
      }
      return { status: 'ok', found: markdown !== undefined, data, metadata: {} }
    },

    async is_complete({ code }) {
      const { isComplete } = await import('../language/isComplete.js')
      return isComplete(code)
    },
  }

  async function started(): Promise<LanguageServer> {
    starting ??= startLanguageServer({ cwd }).catch(error => {
      starting = undefined
      throw error
    })
    server = await starting
    return server
  }

  /** A server that has died fails the question it was asked; the next starts another. */
  async function ask<T>(code: string, question: (server: LanguageServer) => Promise<T>): Promise<T> {
    const current = await started()
    try {
      current.update({
        order: [...cells.keys(), asked],
        changed: [...[...unsent].map(id => ({ id, text: cells.get(id)! })), { id: asked, text: code }],
      })
      unsent.clear()
      return await question(current)
    } catch (error) {
      // of several questions that fail at once, the first has done this
      if (error instanceof LanguageServerDiedError && server === current) {
        server = undefined
        starting = undefined
        for (const id of cells.keys()) unsent.add(id)
      }
      throw error
    }
  }
}

const textOf = ({ insertText, name }: Completion) => insertText ?? name

function signatures(help: SignatureHelp | null): string | undefined {
  if (!help) return undefined
  return help.signatures
    .map(({ label, documentation }) => ['```typescript', label, '```', documentation].join('\n').trim())
    .join('\n\n')
}

/** Jupyter counts code points, JavaScript UTF-16 code units. */
const codeUnits = (text: string, points: number) => [...text].slice(0, points).join('').length
const codePoints = (text: string, units: number) => [...text.slice(0, units)].length
