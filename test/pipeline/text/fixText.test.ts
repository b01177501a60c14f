import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type FixTextOptions, fixText } from '../../../src/pipeline/index.js'
import { fixEncoding } from '../../../src/pipeline/text/fixEncoding.js'
import { unescapeHtml } from '../../../src/pipeline/text/unescapeHtml.js'

interface Case {
  label: string
  original: string
  fixed: string
  fixedEncoding?: string
}

const file = new URL('../../fixtures/text/ftfy.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }

describe('the cases of ftfy’s own tests', () => {
  test.each(cases.map(one => [one.label, one] as const))('%s', (_, { original, fixed, fixedEncoding = fixed }) => {
    expect(fixText(original)).toBe(fixed)
    expect(fixEncoding(original)).toBe(fixedEncoding)
    // once more read in the wrong encoding
    expect(fixText(Buffer.from(original).toString('latin1'))).toBe(fixed)
  })
})

describe('the examples of ftfy’s documentation', () => {
  test.each<[string, string, FixTextOptions?]>([
    ['âœ” No problems', '✔ No problems'],
    ['&macr;\\_(ã\x83\x84)_/&macr;', '¯\\_(ツ)_/¯'],
    ['Broken text&hellip; it&#x2019;s ﬂubberiﬁc!', "Broken text… it's flubberific!"],
    ['Broken text&hellip; it&#x2019;s ﬂubberiﬁc!', "Broken text... it's flubberific!", { normalization: 'NFKC' }],
    ['ＬＯＵＤ　ＮＯＩＳＥＳ', 'LOUD NOISES'],
    ['Ｕﾀｰﾝ', 'Uターン'],
    ['ﬂuﬃeﬆ', 'fluffiest'],
    ['ﬅ', 'ſt'],
    ['sÃ³', 'só'],
    ['voilÃ le travail', 'voilà le travail'],
    ['&ATILDE;&SUP3;', 'Ã³', { fixEncoding: false }],
    ['\u201chere\u2019s a test\u201d', '"here\'s a test"'],
    ['\u201chere\u2019s a test\u201d', '\u201chere\u2019s a test\u201d', { uncurlQuotes: false }],
    ['\x1b[36;44mI’m blue, da ba dee\x1b[0m', "I'm blue, da ba dee"],
    ['\x01\x1b[36;44mfoo', 'foo'],
    ['This is\u2029two\u2028lines\r\nor\rmore \x85 I', 'This is\ntwo\nlines\nor\nmore … I'],
    ['\ufeffSometimes, \ufffcbad \x7f\ufffaideas\ufffb \u206aget standard', 'Sometimes, bad ideas get standard'],
    ['\ud83d\udca9 \udca9\ud83d', '💩 \ufffd\ufffd'],
    ['cafe\u0301', 'café'],
    ['cafe\u0301', 'cafe\u0301', { normalization: null }],
    [
      '#ohio 🏴\u{e0075}\u{e0073}\u{e006f}\u{e0068}\u{e007f} 🇺🇸',
      '#ohio 🏴\u{e0075}\u{e0073}\u{e006f}\u{e0068}\u{e007f} 🇺🇸',
    ],
    // entities
    ['&amp;\n<html>\n&amp;', '&\n<html>\n&amp;'],
    ['&amp;\n<html>\n&amp;', '&\n<html>\n&', { unescapeHtml: true }],
    ['&amp;\n<html>\n&amp;', '&amp;\n<html>\n&amp;', { unescapeHtml: false }],
    ['&lt;&gt;', '<>'],
    ['jednocze&sacute;nie', 'jednocześnie'],
    ['ellipsis&#133; &#x85;', 'ellipsis... ...', { normalization: 'NFKC' }],
    ['broken&#x81;', 'broken\x81'],
    ['&amp;amp;amp;', '&'],
    ['this is just informal english &not html', 'this is just informal english &not html'],
    // a byte order mark, and CESU-8
    ['ï»¿a', 'a'],
    ['í\xa0½í²©', '💩'],
  ])('%j → %j', (text, fixed, options) => expect(fixText(text, options)).toBe(fixed))

  test.each([
    ['latin1', 'Ã©tÃ©', 'été'],
    ['windows-1252', 'schÃ¶n â€” â€œquotedâ€\x9d', 'schön — "quoted"'],
    ['windows-1251', 'РїСЂРёРІРµС‚', 'привет'],
    ['windows-1250', 'pĹ™Ă\xadliĹˇ ĹľluĹĄouÄŤkĂ˝', 'příliš žluťoučký'],
    ['windows-1253', 'ΞµΞ»Ξ»Ξ·Ξ½ΞΉΞΊΞ¬', 'ελληνικά'],
    ['mac-roman', 'Voil√† caf√©', 'Voilà café'],
    ['cp437', '├⌐t├⌐ ΓÇö', 'été —'],
  ])('UTF-8 read as %s: %j → %j', (_, text, fixed) => expect(fixText(text)).toBe(fixed))

  test.each([
    ['&Jscr;ohn &HilbertSpace;ancock &checkmark;', '𝒥ohn ℋancock ✓'],
    ['P&eacute;rez P&EACUTE;REZ BUNDESSTRA&SZLIG;E', 'Pérez PÉREZ BUNDESSTRASSE'],
    ['&ntilde; &Ntilde; &NTILDE; &nTILDE;', 'ñ Ñ Ñ &nTILDE;'],
    ['euro &#x80; &EURO; &#20x6; &#xffff; &#xffffffff; &#x7; &#0;', 'euro € € &#20x6;  \ufffd  \ufffd'],
    ['V&SCARON;ICHNI &LTLARR;', 'VŠICHNI &LTLARR;'],
  ])('entities alone: %j → %j', (text, fixed) => expect(unescapeHtml(text)).toBe(fixed))
})

test.each([
  '',
  'plain',
  'Å, a word',
  'größe, naïve café',
  '¿Qué? ¡No!',
  '50 € – £4',
  '日本語 한국어',
  'привет, ελληνικά',
  'a (cat:1.2), [dog]',
])('what is right stays: %j', text => expect(fixText(text)).toBe(text))

test('a long line of broken text takes no time', () => {
  const start = performance.now()
  expect(fixText('Ã©'.repeat(50_000))).toBe('é'.repeat(50_000))
  fixText(`${'â€œ like this â€\ufffd '.repeat(2000)}日本`)
  expect(performance.now() - start).toBeLessThan(2000)
})

test('what is no text or no option is refused', () => {
  expect(() => fixText(5 as never)).toThrow('text must be a string, got number')
  expect(() => fixText('', { uncurl: true } as never)).toThrow(
    'unknown option "uncurl"; known here: unescapeHtml, fixEncoding',
  )
  expect(() => fixText('', { normalization: 'nfc' as never })).toThrow(
    'normalization must be one of NFC, NFD, NFKC, NFKD, null, got nfc',
  )
})
