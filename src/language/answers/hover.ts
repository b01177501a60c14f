import type ts from 'typescript'
import compiler from '../compiler.js'
import { codeBlock, markdownOf } from '../markdown.js'
import type { CellPosition, Hover, Signature, SignatureHelp } from '../serverProtocol.js'
import { withoutAlias, withoutModules } from '../virtualCells.js'
import { linkAt } from './links.js'
import { locate, ownRange, type Session } from './session.js'

/** What the compiler knows of the name at a place. */
export function hover(session: Session, at: CellPosition): Hover | null {
  const place = locate(session, at)
  const info = place && session.service.getQuickInfoAtPosition(place.file, place.position)
  const range = info && ownRange(place.cell, info.textSpan)
  if (!info || !range) return null
  const name = place.cell.text.slice(range.start, range.end)
  let code = compiler.displayPartsToString(info.displayParts)
  let { documentation, tags } = info
  if (place.cell.given.has(name)) {
    // that it comes by an import is the header's business
    code = withoutAlias(code)
    if (code.startsWith(`${name}(`) || code.startsWith(`${name}<`)) code = `function ${code}`
    const link = linkAt(session, place.file, place.position)
    if (link) ({ documentation, tags } = session.service.getQuickInfoAtPosition(place.file, link.origin) ?? info)
  }
  const contents = [codeBlock(withoutModules(code)), markdownOf(documentation, tags)].filter(Boolean).join('\n\n')
  return { contents, range }
}

/** The parameters of the call that a place is in. */
export function signatureHelp(session: Session, at: CellPosition): SignatureHelp | null {
  const place = locate(session, at)
  const help = place && session.service.getSignatureHelpItems(place.file, place.position, undefined)
  if (!help) return null
  return {
    signatures: help.items.map(signature),
    activeSignature: help.selectedItemIndex,
    activeParameter: help.argumentIndex,
  }
}

function signature(item: ts.SignatureHelpItem): Signature {
  const text = compiler.displayPartsToString
  let label = withoutModules(text(item.prefixDisplayParts))
  const parameters = item.parameters.map(({ displayParts, documentation }, i) => {
    if (i > 0) label += text(item.separatorDisplayParts)
    const start = label.length
    label += withoutModules(text(displayParts))
    return { range: { start, end: label.length }, documentation: markdownOf(documentation, undefined) }
  })
  label += withoutModules(text(item.suffixDisplayParts))
  const tags = item.tags.filter(({ name }) => name !== 'param')
  return { label, documentation: markdownOf(item.documentation, tags), parameters }
}
