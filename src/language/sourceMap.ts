import { SourceMap } from 'node:module'

/** 0-based line and column. */
export interface Position {
  line: number
  column: number
}

/** Finds the source position of a generated one, by the `mappings` of a version 3 source map with one source. */
export function sourceMapLookup(mappings: string): (generated: Position) => Position | undefined {
  const map = new SourceMap({
    file: '',
    version: 3,
    sources: [''],
    sourcesContent: [],
    names: [],
    mappings,
    sourceRoot: '',
  })
  return ({ line, column }) => {
    const entry = map.findEntry(line, column)
    // a line without a mapping is the compiler's own
    if (!('originalLine' in entry) || entry.generatedLine !== line) return undefined
    return { line: entry.originalLine, column: entry.originalColumn + column - entry.generatedColumn }
  }
}

/** Offset → 0-based line and column, and back. */
export function lineTable(text: string) {
  const starts = [0]
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1)
  return {
    position(offset: number): Position {
      let line = starts.length - 1
      while (starts[line] > offset) line--
      return { line, column: offset - starts[line] }
    },
    offset: ({ line, column }: Position) => (starts[line] ?? text.length) + column,
  }
}
