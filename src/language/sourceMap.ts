/** 0-based line and column. */
export interface Position {
  line: number
  column: number
}

/** Finds the source position of a generated one, by a version 3 source map with one source. */
export function sourceMapLookup(mappings: string): (generated: Position) => Position | undefined {
  const lines = decode(mappings)
  return ({ line, column }) => {
    const segments = lines[line] ?? []
    let found: Segment | undefined
    for (const segment of segments) {
      if (segment.generated > column) break
      found = segment
    }
    found ??= segments[0]
    return found && { line: found.line, column: found.column + Math.max(0, column - found.generated) }
  }
}

interface Segment extends Position {
  generated: number
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** https://tc39.es/ecma426/ section "Mappings structure": base64 VLQ, fields relative to the segment before. */
function decode(mappings: string): Segment[][] {
  let line = 0
  let column = 0
  return mappings.split(';').map(text => {
    let generated = 0
    const segments: Segment[] = []
    for (const segment of text.split(',')) {
      const fields = decodeFields(segment)
      if (fields.length < 4) continue
      generated += fields[0]
      line += fields[2]
      column += fields[3]
      segments.push({ generated, line, column })
    }
    return segments
  })
}

function decodeFields(segment: string): number[] {
  const fields: number[] = []
  let value = 0
  let shift = 0
  for (const character of segment) {
    const digit = digits.indexOf(character)
    value += (digit & 31) << shift
    shift += 5
    if (digit & 32) continue
    fields.push(value & 1 ? -(value >> 1) : value >> 1)
    value = 0
    shift = 0
  }
  return fields
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
