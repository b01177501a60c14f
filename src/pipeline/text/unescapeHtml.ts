import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** Loaded for the first entity: few texts have one, and all who import the package would wait for its tables. */
const entities = (): typeof import('entities/lib/decode.js') => require('entities/lib/decode.js')

/** HTML's entities that end in a semicolon, also in capitals where that can mean but one: `&EACUTE;` is É. */
export function unescapeHtml(text: string): string {
  return text.replace(/&#?[0-9A-Za-z]{1,24};/g, entity => (entity[1] === '#' ? numbered(entity) : named(entity)))
}

function named(entity: string): string {
  const { decodeHTML, decodeHTMLStrict } = entities()
  const character = decodeHTMLStrict(entity)
  if (character !== entity) return character
  const isShouted = entity === entity.toUpperCase() && decodeHTML(entity) === entity
  const small = entity.toLowerCase()
  const decoded = isShouted ? decodeHTMLStrict(small) : small
  return decoded === small ? entity : decoded.toUpperCase()
}

function numbered(entity: string): string {
  const [, hex, decimal] = /^&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));$/.exec(entity) ?? []
  if (hex === undefined && decimal === undefined) return entity
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  return isNoCharacter(code) ? '' : entities().decodeHTMLStrict(`&#${Math.min(code, 0x110000)};`)
}

/** Controls but white space, and code points that Unicode keeps free for ever: HTML names none of them. */
function isNoCharacter(code: number): boolean {
  const isControl = (code >= 1 && code < 32 && ![9, 10, 12, 13].includes(code)) || code === 0x7f
  return isControl || (code >= 0xfdd0 && code <= 0xfdef) || (code <= 0x10ffff && (code & 0xfffe) === 0xfffe)
}
