import type { Tokenizer } from '@huggingface/tokenizers'
import { InvalidOptionError } from '../errors.js'
import { type ClipTokenizerFiles, readClipTokenizerFiles } from './files.js'
import { standardClipFiles } from './standard.js'

/** CLIP's byte-level BPE: prompt → token ids. */
export interface ClipTokenizer {
  /**
   * Each text as start token, its tokens (as many as fit, without `truncation` all), end token; with `padding` (both are
   * the default) filled with `padTokenId` to `modelMaxLength`.
   */
  (text: string | readonly string[], options?: { padding?: boolean; truncation?: boolean }): TokenizerOutput
  readonly modelMaxLength: number
  readonly bosTokenId: number
  readonly eosTokenId: number
  readonly padTokenId: number
  /** The text of ids, special tokens included; bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string
  /** Whether the vocabulary, or an added token, is called so. */
  has(token: string): boolean
  /**
   * The tokens of textual inversions, in place of those before. Each stands for one id or several: those after the first have names of their own,
   * `<x>_1`, `<x>_2`, …, as in diffusers.
   */
  setAddedTokens(tokens: readonly { token: string; ids: readonly number[] }[]): void
}

export interface TokenizerOutput {
  /** [batch][modelMaxLength], shorter without padding, longer without truncation */
  inputIds: number[][]
  /** only where a text was too long: for each text what was cut off, '' where all of it fitted; see `truncationWarning` */
  truncated?: string[]
}

/**
 * The tokenizer of a folder in diffusers layout, with `tokenizer.json` or with `vocab.json` and `merges.txt`. Its ids
 * are those of transformers' `CLIPTokenizer` 5.x. A folder that tells no `model_max_length` gets CLIP's 77.
 *
 * @throws ModelNotFoundError | CorruptWeightsError
 */
export async function loadClipTokenizer(folder: string): Promise<ClipTokenizer> {
  return clipTokenizer(await readClipTokenizerFiles(folder))
}

/**
 * The tokenizer of Stable Diffusion 1.x and 2.x, from the vocabulary that ships with the package.
 * @param pad what fills a prompt up: `<|endoftext|>` in 1.x, `!` in 2.x
 */
export async function standardClipTokenizer({ pad }: { pad: string }): Promise<ClipTokenizer> {
  return clipTokenizer(await standardClipFiles(pad))
}

async function clipTokenizer(files: ClipTokenizerFiles): Promise<ClipTokenizer> {
  const library = await import('@huggingface/tokenizers')
  let backend = backendOf(library, files)
  /** of the added tokens that stand for several, by the first */
  let several = new Map<number, readonly number[]>()

  const id = (token: string) => backend.token_to_id(token) as number
  const modelMaxLength = files.modelMaxLength ?? 77
  const bosTokenId = id(files.bos)
  const eosTokenId = id(files.eos)
  const padTokenId = id(files.pad)

  const decode = (ids: readonly number[]) => (ids.length === 0 ? '' : backend.decode([...ids]).trim())

  const tokenize = (text: string | readonly string[], { padding = true, truncation = true } = {}): TokenizerOutput => {
    const texts = Array.isArray(text) ? text : [text]
    const removed: number[][] = []
    const inputIds = texts.map(one => {
      if (typeof one !== 'string') throw new InvalidOptionError(`a prompt must be a string, got ${typeof one}`)
      const found = backend.encode(one, { add_special_tokens: false }).ids
      const content = found.flatMap((id: number) => several.get(id) ?? [id])
      const room = truncation ? modelMaxLength - 2 : content.length
      removed.push(content.slice(room))
      const ids = [bosTokenId, ...content.slice(0, room), eosTokenId]
      return padding ? ids.concat(Array(Math.max(0, modelMaxLength - ids.length)).fill(padTokenId)) : ids
    })
    return removed.some(ids => ids.length > 0) ? { inputIds, truncated: removed.map(decode) } : { inputIds }
  }

  const setAddedTokens: ClipTokenizer['setAddedTokens'] = tokens => {
    const named = tokens.flatMap(({ token, ids }) =>
      ids.map((id, i) => ({ id, content: i === 0 ? token : `${token}_${i}` })),
    )
    const plain = { normalized: true, special: false, lstrip: false, rstrip: false }
    backend = backendOf(library, {
      ...files,
      addedTokens: [...files.addedTokens, ...named.map(one => ({ ...plain, ...one }))],
    })
    several = new Map(tokens.filter(({ ids }) => ids.length > 1).map(({ ids }) => [ids[0], ids]))
  }
  const has = (token: string) => backend.token_to_id(token) !== undefined
  return Object.assign(tokenize, { modelMaxLength, bosTokenId, eosTokenId, padTokenId, decode, has, setAddedTokens })
}

function backendOf(library: typeof import('@huggingface/tokenizers'), files: ClipTokenizerFiles): Tokenizer {
  const backend = new library.Tokenizer(
    {
      version: '1.0',
      added_tokens: files.addedTokens,
      normalizer: { type: 'Lowercase' },
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      model: {
        type: 'BPE',
        unk_token: files.unk,
        end_of_word_suffix: '</w>',
        vocab: files.vocab,
        merges: files.merges,
        ignore_merges: false,
      },
    },
    { clean_up_tokenization_spaces: false },
  )
  const bytes = backend.pre_tokenizer as unknown as (words: string[]) => string[]
  const byteWords = (text: string) => bytes(wordsOf(text))
  backend.normalizer = normalized as unknown as typeof backend.normalizer
  backend.pre_tokenizer = byteWords as unknown as typeof backend.pre_tokenizer
  return backend
}

/** diffusers' sentence for the user whose prompt was too long. */
export function truncationWarning(tokenizer: ClipTokenizer, truncated: readonly string[]): string {
  const texts = truncated.map(text =>
    text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll("'", "\\'")}'`,
  )
  return (
    'The following part of your input was truncated because CLIP can only handle sequences up to ' +
    `${tokenizer.modelMaxLength} tokens: [${texts.join(', ')}]`
  )
}

/**
 * NFC, whitespace runs to one space, lower case: as the tokenizers library for Python does, which lower-cases character by
 * character (no final sigma) and knows white space by its Unicode property (U+0085, but not U+FEFF); the one for
 * JavaScript does neither.
 */
function normalized(text: string): string {
  return Array.from(text.normalize('NFC').replace(/\p{White_Space}+/gu, ' '), c => c.toLowerCase()).join('')
}

/** CLIP's words (Radford et al. 2021, `simple_tokenizer.py`): contractions, letters, single digits, all else. */
function wordsOf(text: string): string[] {
  return text.match(/'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu) ?? []
}
