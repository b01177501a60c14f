import type ts from 'typescript'

interface Edit {
  start: number
  end: number
  text: string
}

/** A piece of the result: text of the source from `start` (copied), or new text that belongs to that place, or to none. */
interface Piece {
  at: number
  start: number | undefined
  copied: boolean
}

export type Editor = ReturnType<typeof editor>

/** Text edits by source offset. Make them in source order, an outer node's before and after its children's. */
export function editor(source: string) {
  const edits: Edit[] = []
  const hoisted: { start: number; end: number; edits: Edit[] }[] = []
  let current = edits

  return {
    insert: (at: number, text: string) => void current.push({ start: at, end: at, text }),
    replace: (node: ts.Node, text: string) => void current.push({ start: node.getStart(), end: node.end, text }),
    replaceRange: (start: number, end: number, text: string) => void current.push({ start, end, text }),

    /** Moves a statement, with the edits that `edit` makes inside it, before all others. */
    hoist(node: ts.Node, edit: () => void) {
      current = []
      edit()
      hoisted.push({ start: node.getStart(), end: node.end, edits: current })
      current = edits
      edits.push({ start: node.getStart(), end: node.end, text: '' })
    },

    /** A part of the source, edited, between `head` and `tail`. */
    render({ start, end }: { start: number; end: number }, head: string, tail: string) {
      const pieces: Piece[] = []
      let code = ''
      const add = (text: string, start: number | undefined, copied: boolean) => {
        if (!text) return
        pieces.push({ at: code.length, start, copied })
        code += text
      }
      const range = (start: number, end: number, changes: Edit[]) => {
        let done = start
        for (const edit of changes.toSorted((a, b) => a.start - b.start)) {
          add(source.slice(done, edit.start), done, true)
          add(edit.text, edit.start, false)
          done = edit.end
        }
        add(source.slice(done, end), done, true)
      }
      add(head, undefined, false)
      for (const statement of hoisted) {
        range(statement.start, statement.end, statement.edits)
        add(' ', statement.end, false)
      }
      range(start, end, edits)
      add(tail, undefined, false)
      return { code, originalOffset: offsetLookup(pieces) }
    },
  }
}

/** Where in the source an offset of the result comes from. Sessions keep one for each cell: it holds numbers alone, no syntax tree. */
function offsetLookup(pieces: Piece[]): (offset: number) => number | undefined {
  const ats = Int32Array.from(pieces, ({ at }) => at)
  const starts = Int32Array.from(pieces, ({ start }) => start ?? -1)
  const copied = Uint8Array.from(pieces, piece => Number(piece.copied))
  return offset => {
    const index = ats.findLastIndex(at => at <= offset)
    if (index < 0 || starts[index] < 0) return undefined
    return starts[index] + (copied[index] ? offset - ats[index] : 0)
  }
}
