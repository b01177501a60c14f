import { InvalidOptionError } from '../errors.js'
import { checkNames } from '../optionChecks.js'
import { fixC1Controls, fixEncoding } from './fixEncoding.js'
import { unescapeHtml } from './unescapeHtml.js'

/** What `fixText` mends, each on its own; all are on. */
export interface FixTextOptions {
  /** `&eacute;` → é; `'auto'`, the default: up to the first line that holds a `<`, and so is HTML */
  unescapeHtml?: boolean | 'auto'
  /** mojibake: `âœ”` → ✔ */
  fixEncoding?: boolean
  /** U+0080 to U+009F as Windows-1252 has them */
  fixC1Controls?: boolean
  /** ﬂ → fl */
  fixLatinLigatures?: boolean
  /** Ａ → A, ﾀ → タ */
  fixCharacterWidth?: boolean
  /** “ ” ‘ ’ → " ' */
  uncurlQuotes?: boolean
  /** all sorts of line breaks → `\n` */
  fixLineBreaks?: boolean
  /** halves of a surrogate pair that stand alone → U+FFFD */
  fixSurrogates?: boolean
  /** colours of a terminal */
  removeTerminalEscapes?: boolean
  /** characters that show nothing and do nothing */
  removeControlChars?: boolean
  /** Unicode's normal form (`'NFC'`); null leaves it as it is */
  normalization?: 'NFC' | 'NFD' | 'NFKC' | 'NFKD' | null
}

/**
 * Text as it was meant: repairs what wrong encodings, HTML, terminals and word processors leave in a prompt that was copied from somewhere.
 * @throws InvalidOptionError
 * @see ftfy 6.3 by Robyn Speer (Apache License 2.0), `fix_text`: the same text comes out
 */
export function fixText(text: string, options: FixTextOptions = {}): string {
  check(text, options)
  let html = options.unescapeHtml ?? 'auto'
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
  return lines
    .map(line => {
      if (html === 'auto' && line.includes('<')) html = false
      return fixLine(line, { ...options, unescapeHtml: html })
    })
    .join('')
}

/** One mend may show what another can mend. */
function fixLine(line: string, options: FixTextOptions): string {
  const { normalization = 'NFC' } = options
  for (;;) {
    let fixed = line
    for (const [name, fix] of Object.entries(fixes)) if (options[name as keyof typeof fixes] ?? true) fixed = fix(fixed)
    if (normalization) fixed = fixed.normalize(normalization)
    if (fixed === line) return line
    line = fixed
  }
}

/** In their order. */
const fixes = {
  unescapeHtml,
  fixEncoding,
  fixC1Controls,
  fixLatinLigatures: (text: string) =>
    // the compatibility form of ﬅ has lost the long s
    text.replace(/[ĲĳŉǄ-ǌǱ-ǳﬀ-ﬆ]/g, letter => (letter === 'ﬅ' ? 'ſt' : letter.normalize('NFKC'))),
  fixCharacterWidth: (text: string) => text.replace(/[\u3000\uff01-\uffef]/g, letter => letter.normalize('NFKC')),
  uncurlQuotes: (text: string) => text.replace(/[\u02bc\u2018-\u201b]/g, "'").replace(/[\u201c-\u201f]/g, '"'),
  fixLineBreaks: (text: string) => text.replace(/\r\n|[\r\u2028\u2029\x85]/g, '\n'),
  fixSurrogates: (text: string) => text.replace(/\p{Surrogate}/gu, '\ufffd'),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  removeTerminalEscapes: (text: string) => text.replace(/\x1b\[[\p{Nd};]*[a-zA-Z]/gu, ''),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  removeControlChars: (text: string) => text.replace(/[\0-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g, ''),
} satisfies Partial<Record<keyof FixTextOptions, (text: string) => string>>

function check(text: unknown, options: object): void {
  if (typeof text !== 'string') throw new InvalidOptionError(`text must be a string, got ${typeof text}`)
  checkNames(options, new Set([...Object.keys(fixes), 'normalization']))
  for (const [name, value] of Object.entries(options)) {
    const known: unknown[] =
      name === 'normalization' ? normalForms : name === 'unescapeHtml' ? [...onOff, 'auto'] : onOff
    if (value !== undefined && !known.includes(value))
      throw new InvalidOptionError(`${name} must be one of ${known.map(String).join(', ')}, got ${String(value)}`)
  }
}

const onOff = [true, false]
const normalForms = ['NFC', 'NFD', 'NFKC', 'NFKD', null]
