import compiler from '../compiler.js'
import type { SemanticToken, SemanticTokenModifier, SemanticTokenType } from '../serverProtocol.js'
import type { Session } from './session.js'

/** What the names of a cell stand for; those of earlier cells are what they are there. */
export function semanticTokens({ service, cells }: Session, { cell: id }: { cell: string }): SemanticToken[] {
  const { start, code, fileName } = cells.get(id)
  const { spans } = service.getEncodedSemanticClassifications(
    fileName,
    { start, length: code.length - start },
    compiler.SemanticClassificationFormat.TwentyTwenty,
  )
  const tokens: SemanticToken[] = []
  for (let i = 0; i < spans.length; i += 3) {
    const [from, length, classification] = spans.slice(i, i + 3)
    if (from < start) continue
    tokens.push({ start: from - start, end: from - start + length, ...decoded(classification) })
  }
  return tokens
}

/** TypeScript's `TokenEncodingConsts`: the type's number, from 1, above eight bits of modifiers. */
function decoded(classification: number): Pick<SemanticToken, 'type' | 'modifiers'> {
  return {
    type: types[(classification >> 8) - 1],
    modifiers: modifiers.filter(
      (name, bit): name is SemanticTokenModifier => !!name && !!(classification & (1 << bit)),
    ),
  }
}

/** in the order of TypeScript's `TokenType` */
const types: SemanticTokenType[] = [
  'class',
  'enum',
  'interface',
  'namespace',
  'typeParameter',
  'type',
  'parameter',
  'variable',
  'enumMember',
  'property',
  'function',
  'method',
]

/** in the order of TypeScript's `TokenModifier`; its `local` is no standard one */
const modifiers = ['declaration', 'static', 'async', 'readonly', 'defaultLibrary', undefined] as const
