import { isBad } from './badness.js'
import { decoded, encoded, isLossy, type SingleByteEncoding, upperHalves } from './encodings.js'

/**
 * UTF-8 that was read in another encoding, read as it was meant, as often as that was done to it; a text that does not look so stays.
 * @see ftfy 6.3 by Robyn Speer (Apache License 2.0), `fix_encoding`, which tells the same
 */
export function fixEncoding(text: string): string {
  for (;;) {
    const fixed = onceLess(text)
    if (fixed === text) return text
    text = fixed
  }
}

/** In the order they are tried. */
const encodings: readonly SingleByteEncoding[] = [
  'latin-1',
  ...(['windows-1252', 'windows-1251', 'windows-1250', 'windows-1253', 'windows-1254', 'windows-1257'] as const),
  ...(['iso-8859-2', 'macintosh', 'cp437'] as const),
]

function onceLess(text: string): string {
  if (!isBad(text)) return text
  for (const encoding of encodings) {
    const fixed = reread(text, encoding)
    if (fixed !== undefined) return fixed
  }
  const inParts = text.replace(utf8Like, part => (part.length < text.length && isBad(part) ? fixEncoding(part) : part))
  if (inParts !== text) return inParts
  // the rest may be Windows-1252 that was read as Latin-1
  return fixC1Controls(text)
}

/** Characters that nobody means, U+0080 to U+009F, as Windows-1252 has them: what browsers do. */
export function fixC1Controls(text: string): string {
  return text.replace(/[\x80-\x9f]/g, control => decoded(control, 'windows-1252'))
}

/** The bytes that an encoding made this text of, as UTF-8; undefined where they are none. */
function reread(text: string, encoding: SingleByteEncoding): string | undefined {
  let bytes = encoded(text, encoding)
  if (bytes === undefined) return undefined
  // in MacRoman that is an en dash and a space
  if (encoding !== 'macintosh' && spaceForA0.test(bytes)) bytes = withA0(bytes)
  if (isLossy(encoding)) bytes = bytes.replace(lossy, replacement)
  return utf8(bytes)
}

/** Also CESU-8, which encodes each half of a surrogate pair, and Java's null of two bytes. */
function utf8(bytes: string): string | undefined {
  const usual = bytes
    .replaceAll('\xc0\x80', '\0')
    .replace(/\xed([\xa0-\xaf])([\x80-\xbf])\xed([\xb0-\xbf])([\x80-\xbf])/g, (...halves) => {
      const [a, b, c, d] = halves.slice(1, 5).map(byte => byte.charCodeAt(0))
      const code = 0x10000 + ((a & 0xf) << 16) + ((b & 0x3f) << 10) + ((c & 0xf) << 6) + (d & 0x3f)
      return Buffer.from(String.fromCodePoint(code)).toString('latin1')
    })
  try {
    return strictUtf8.decode(Buffer.from(usual, 'latin1'))
  } catch {
    return undefined
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `à` as a word ends before the space it stands for, but in the Portuguese words that begin with it. */
function withA0(bytes: string): string {
  const words = bytes.replace(/\xc3 (?! |quele|quela|quilo|s )/g, '\xc3\xa0 ')
  return words.replace(new RegExp(spaceForA0, 'g'), found => found.replaceAll(' ', '\xa0'))
}

/** Bytes that are UTF-8 but for a space where 0xa0 was, which some program took for one. */
const spaceForA0 = (() => {
  const next = '[\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf]'
  const any = '[\\x80-\\xbf]'
  return new RegExp(
    `[\\xc2\\xc3\\xc5\\xce\\xd0\\xd9] |[\\xe2\\xe3] ${next}|[\\xe0-\\xe3]${next} ` +
      `|\\xf0 ${any}${any}|\\xf0${any} ${any}|\\xf0${any}${any} `,
  )
})()

/** UTF-8 of U+FFFD. */
const replacement = '\xef\xbf\xbd'

/** Bytes that are UTF-8 but for those that were lost: 0x1a, or once in a sequence a question mark. */
const lossy = (() => {
  const lost = '[\\x1a?]'
  const rest = '[\\x1a\\x80-\\xbf]'
  const any = '[\\x1a?\\x80-\\xbf]'
  const [high, low] = ['\\xed[\\xa0-\\xaf]', '\\xed[\\xb0-\\xbf]']
  return new RegExp(
    [
      '[\\xc2-\\xdf]\\x1a|[\\xc2\\xc3]\\?',
      ...[`${high}${lost}${low}${any}`, `${high}${any}${low}${lost}`],
      ...[`[\\xe0-\\xef]${lost}${rest}`, `[\\xe0-\\xef]${rest}${lost}`],
      ...[`${lost}${rest}${rest}`, `${rest}${lost}${rest}`, `${rest}${rest}${lost}`].map(
        each => `[\\xf0-\\xf4]${each}`,
      ),
      '\\x1a',
    ].join('|'),
    'g',
  )
})()

/** A stretch of characters each of which is in some encoding the byte that UTF-8 has there, not torn out of a longer one. */
const utf8Like = (() => {
  const windows = encodings.slice(0, 7)
  const of = (...ranges: [first: number, last: number][]) =>
    `[${ranges.flatMap(([first, last]) => windows.map(each => upperHalves[each].slice(first - 0x80, last - 0x7f))).join('')}]`
  const continuation = of([0x80, 0xbf])
  // a space may stand for the one that does not break
  const loose = `(?:${continuation}| )`
  const strict = `(?![–—―‘’‚“”„•…])${continuation}`
  const leads = [of([0xc2, 0xdf]), `${of([0xe0, 0xef])}${loose}`, `${of([0xf0, 0xf0], [0xf3, 0xf3])}${loose}${loose}`]
  return new RegExp(`(?<!${strict})(?:${leads.map(lead => `${lead}${loose}`).join('|')})+`, 'gu')
})()
