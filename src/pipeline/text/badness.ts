/**
 * Whether a text looks like mojibake: it holds neighbours that words and punctuation hardly ever make, and UTF-8 read in another encoding often does.
 * @see ftfy 6.3 by Robyn Speer (Apache License 2.0), whose classes of characters and unlikely neighbours these are
 */
export function isBad(text: string): boolean {
  return unlikely.test(text)
}

/** As they stand within brackets of a regular expression. */
const c1 = '\\x80-\\x9f'
const common = '\\xa0\\xad·´–—―…’'
const bad = '¦¤¨¬¯¸ƒˆˇ˘˛˜†‡‰⌐◊\\ufffdªº'
const law = '¶§'
const currency = '¢£¥₧€'
const opening = '¡«¿©΄΅‘‚“„•‹\\uf8ff'
const closing = '®»˝”›™'
const numeric = '²³¹±¼½¾×µ÷⁄∂∆∏∑√∞∩∫≈≠≡≤≥№'
/** Letters that draw faces, ó_ò, and so stand beside anything. */
const faces = 'Ò-ÖÙ-Üò-öø-üŐŌŪŲ°'
const upperAccented = 'À-ÑØÜÝĂĀĄĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ'
const lowerAccented = 'ßà-ñăąāćčďđęěēėğģįīķĺľłļœŕśşšťüźżžґﬁﬂ'
const upperCommon = 'ÞΑ-ΩΆΈΉΊΌΎΏΪΫЁ-Я'
const lowerCommon = 'α-ωάέήίΰа-џ'
const box = '│┌┐┘├┤┬┼═-╬▀▄█▌▐░▒▓'

const accented = lowerAccented + upperAccented
const besideBad = accented + box + opening + closing + currency + numeric + law
const space = '[\\s\\x1c-\\x1f\\x85]'
const word = '[\\p{L}\\p{N}_]'

/** Neighbours, each of a class of characters. */
const neighbours: string[][] = [
  [c1],
  [bad + besideBad, bad],
  ['a-zA-Z', lowerCommon + upperCommon, bad],
  [bad, besideBad],
  [lowerAccented + lowerCommon + box + closing + currency + numeric, upperAccented],
  [box + closing + currency + numeric, lowerAccented],
  [lowerAccented + box + closing, currency],
  [upperAccented + box, numeric + law],
  [accented + box + currency + closing, opening, numeric],
  [accented + currency + numeric + box + law, closing, opening],
  [currency + numeric + box, opening],
  ['a-z', upperAccented, opening + currency],
  [box, faces],
  [accented + currency + numeric + opening + closing + law, box],
  [box, closing],
  ['Œœ', '^A-Za-z'],
  [upperAccented, '°'],
  // two characters in Windows-1252
  ['ÂÃÎÐ', `€œŠš¢£Ÿž\\xa0\\xad®©°·»${opening}${closing}–—´`],
  ['×', '²³'],
  // Arabic
  ...[`${common}${currency}${bad}${numeric}${opening}ŸŠ®°µ»`].map(second => ['ØÙ', second, 'ØÙ', second]),
  // alphabets of South Asia
  ['à', '²µ¹¼½¾'],
  // MacRoman
  ['√', '±∂†≠®™´≤≥¥µø'],
  ['≈', '°¢'],
  ['‚', 'Ä', 'ìîïòôúùû†°¢π'],
  ['‚', 'âó', 'àä°ê'],
  // Windows-1251: punctuation, and Cyrillic
  ['в', 'Ђ'],
  ['ВГРС', `${c1}${bad}${opening}${closing}${currency}°µ`, 'ВГРС'],
  // à, á and the space that does not break
  ['Ã', '\\xa0¡'],
  [`a-z.,?!${closing}`, 'Â', ` ${opening}${closing}`],
  // Windows-1253: punctuation, and Greek
  ['β', '€', '™\\xa0Ά\\xad®°'],
  ['ΒΓΞΟ', `${c1}${bad}${opening}${closing}${currency}°`, 'ΒΓΞΟ'],
  // Windows-1257
  ['ā', '€'],
]

const others = [
  `${space}[${upperAccented}][${currency}]`,
  `[${accented}][${opening}${closing}]${word}`,
  'ГўВЂВ.[A-Za-z ]', // Windows-1251 of Latin-1 of Windows-1252
  `[a-z]${space}?[ÃÂ] `,
  '^[ÃÂ] ',
]

const unlikely = new RegExp(
  [...neighbours.map(classes => classes.map(each => `[${each}]`).join('')), ...others].join('|'),
  'u',
)
