/**
 * A CLIP vocabulary of full size, 49,408 tokens, without its trained merges: GPT-2's 256 byte letters, each also as the
 * end of a word, then merges of a to z into twos, threes and fours, and the two special tokens.
 */
export function clipVocabulary() {
  const bytes = byteLetters()
  const merges = []
  const room = 49_408 - 2 * bytes.length - 2
  const letters = [...'abcdefghijklmnopqrstuvwxyz']
  for (let stems = letters; merges.length < room; stems = stems.flatMap(stem => letters.map(letter => stem + letter))) {
    const longer = stems.flatMap(stem => letters.flatMap(letter => [`${stem} ${letter}`, `${stem} ${letter}</w>`]))
    merges.push(...longer.slice(0, room - merges.length))
  }
  const tokens = [
    ...bytes,
    ...bytes.map(letter => `${letter}</w>`),
    ...merges.map(merge => merge.replace(' ', '')),
    '<|startoftext|>',
    '<|endoftext|>',
  ]
  return { vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges }
}

/** GPT-2's `bytes_to_unicode`: printable bytes are themselves, the others follow from U+0100. */
function byteLetters() {
  const between = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
  const printable = [...between(0x21, 0x7e), ...between(0xa1, 0xac), ...between(0xae, 0xff)]
  const others = between(0, 255).filter(byte => !printable.includes(byte))
  return [...printable, ...others.map((_, i) => 256 + i)].map(code => String.fromCharCode(code))
}
