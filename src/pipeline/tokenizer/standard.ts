import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shippedFolder } from '../weights/repository.js'
import { type ClipTokenizerFiles, parseMerges } from './files.js'

const [start, end] = ['<|startoftext|>', '<|endoftext|>']

/**
 * CLIP's vocabulary, which its merges tell: a token a byte, a token a byte at a word's end, one a merge, start and end.
 * @see Radford et al. 2021, `simple_tokenizer.py`
 */
export async function standardClipFiles(pad: string): Promise<ClipTokenizerFiles> {
  const path = join(shippedFolder('clip'), 'merges.txt')
  const merges = parseMerges(await readFile(path, 'utf8'), path)
  const bytes = byteTokens()
  const tokens = [...bytes, ...bytes.map(byte => `${byte}</w>`), ...merges.map(pair => pair.join('')), start, end]
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]))
  const special = { normalized: false, special: true, lstrip: false, rstrip: false }
  return {
    vocab,
    merges,
    addedTokens: [start, end].map(content => ({ ...special, content, id: vocab[content] })),
    bos: start,
    eos: end,
    unk: end,
    pad,
    modelMaxLength: 77,
  }
}

/** GPT-2's letters for the bytes: those that print as themselves, then the others from U+0100 on. */
function byteTokens(): string[] {
  const prints = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
  const all = Array.from({ length: 256 }, (_, byte) => byte)
  const others = all.filter(byte => !prints(byte))
  return [...all.filter(prints), ...others.map((_, i) => 256 + i)].map(code => String.fromCharCode(code))
}
