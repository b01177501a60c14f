import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CorruptWeightsError, ModelNotFoundError } from '../errors.js'
import { isMissing, readJsonFile, readJsonFileIfAny } from '../weights/json.js'

/** What a CLIP tokenizer folder says, whichever of its two layouts it has. */
export interface ClipTokenizerFiles {
  /** token → id */
  vocab: Record<string, number>
  /** pairs, best first */
  merges: [string, string][]
  /** found whole in a text, before it is split into words; ids of tokens that the vocabulary lacks follow its last */
  addedTokens: AddedToken[]
  /** content of the tokens with a role */
  bos: string
  eos: string
  unk: string
  pad: string
  /** undefined where no file tells it */
  modelMaxLength: number | undefined
}

export interface AddedToken {
  id: number
  content: string
  /** looked for in the normalized text, so that case does not matter */
  normalized: boolean
  special: boolean
  lstrip: boolean
  rstrip: boolean
}

/**
 * Reads `tokenizer.json`, or `vocab.json` and `merges.txt` where it is missing, with the special tokens as transformers
 * 5 gathers them: `added_tokens_decoder` of tokenizer_config.json alone where it is there, otherwise
 * special_tokens_map.json over tokenizer_config.json, then added_tokens.json and the added tokens of tokenizer.json.
 * As transformers' CLIPTokenizer does, it takes no normalizer, pre-tokenizer or decoder from tokenizer.json.
 *
 * @throws ModelNotFoundError  naming the files looked for
 * @throws CorruptWeightsError naming the file that is no vocabulary
 */
export async function readClipTokenizerFiles(folder: string): Promise<ClipTokenizerFiles> {
  const saved = await readJsonFileIfAny(join(folder, 'tokenizer.json'))
  const { vocab, merges } = saved
    ? fromTokenizerJson(saved, join(folder, 'tokenizer.json'))
    : await fromVocabMerges(folder)
  const config = (await readJsonFileIfAny(join(folder, 'tokenizer_config.json'))) ?? {}
  const legacy = config.added_tokens_decoder === undefined
  const map = legacy ? ((await readJsonFileIfAny(join(folder, 'special_tokens_map.json'))) ?? {}) : {}
  const named: Record<string, unknown> = {
    bos_token: '<|startoftext|>',
    eos_token: '<|endoftext|>',
    unk_token: '<|endoftext|>',
    pad_token: '<|endoftext|>',
    ...present(config),
    ...present(map),
  }

  const added = new Map<string, Omit<AddedToken, 'id'>>()
  if (!legacy) for (const token of Object.values(config.added_tokens_decoder as object)) add(added, token)
  else {
    const extra = (await readJsonFileIfAny(join(folder, 'added_tokens.json'))) ?? {}
    for (const content of Object.keys(extra)) {
      const special = roles.some(role => contentOf(named[role]) === content)
      add(added, { content, special, normalized: !special })
    }
    for (const token of Array.isArray(saved?.added_tokens) ? saved.added_tokens : []) add(added, token)
  }
  const declared = new Set(added.keys())
  for (const token of [
    ...roles.map(role => named[role]),
    ...list(named.additional_special_tokens),
    ...list(named.extra_special_tokens),
  ]) {
    const content = contentOf(token)
    if (content !== undefined && !declared.has(content))
      add(added, typeof token === 'string' ? { content, special: true } : { ...(token as object), special: true })
  }

  let next = Object.values(vocab).reduce((last, id) => Math.max(last, id), -1) + 1
  const maxLength = config.model_max_length
  return {
    vocab,
    merges,
    addedTokens: [...added.values()].map(token => ({ ...token, id: vocab[token.content] ?? next++ })),
    bos: contentOf(named.bos_token) as string,
    eos: contentOf(named.eos_token) as string,
    unk: contentOf(named.unk_token) as string,
    pad: contentOf(named.pad_token) as string,
    modelMaxLength: typeof maxLength === 'number' && maxLength < 1e9 ? maxLength : undefined,
  }
}

const roles = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token']

function fromTokenizerJson(saved: Record<string, unknown>, path: string): Pick<ClipTokenizerFiles, 'vocab' | 'merges'> {
  const model = saved.model as { vocab?: Record<string, number>; merges?: (string | [string, string])[] } | undefined
  if (typeof model?.vocab !== 'object' || Array.isArray(model.vocab) || !Array.isArray(model.merges))
    throw new CorruptWeightsError(`${path}: expected a BPE model with "vocab" and "merges" under "model"`)
  const merges = model.merges.map(merge => (typeof merge === 'string' ? pair(merge, path) : merge))
  return { vocab: model.vocab, merges: checked(merges, model.vocab, path) }
}

async function fromVocabMerges(folder: string): Promise<Pick<ClipTokenizerFiles, 'vocab' | 'merges'>> {
  const path = join(folder, 'merges.txt')
  let lines: string
  let vocab: Record<string, number>
  try {
    vocab = (await readJsonFile(join(folder, 'vocab.json'))) as Record<string, number>
    lines = await readFile(path, 'utf8')
  } catch (error) {
    if (!(error instanceof ModelNotFoundError) && !isMissing(error)) throw error
    throw new ModelNotFoundError(
      `${folder}: expected a CLIP tokenizer: tokenizer.json, or vocab.json and merges.txt; neither is there`,
      { cause: error },
    )
  }
  return { vocab, merges: checked(parseMerges(lines, path), vocab, path) }
}

/** @param text of merges.txt: two tokens a line, after a line that begins with `#version` */
export function parseMerges(text: string, path: string): [string, string][] {
  return text
    .split(/\r?\n/)
    .filter(line => line !== '' && !line.startsWith('#version'))
    .map(line => pair(line, path))
}

function pair(merge: string, path: string): [string, string] {
  const parts = merge.split(' ')
  if (parts.length !== 2) throw new CorruptWeightsError(`${path}: expected two tokens in a merge, got "${merge}"`)
  return parts as [string, string]
}

/** A merge whose result is no token would silently become the unknown token. */
function checked(merges: [string, string][], vocab: Record<string, number>, path: string): [string, string][] {
  for (const [left, right] of merges)
    if (vocab[left + right] === undefined)
      throw new CorruptWeightsError(`${path}: the merge "${left} ${right}" gives a token that the vocabulary lacks`)
  return merges
}

function add(to: Map<string, Omit<AddedToken, 'id'>>, token: unknown): void {
  const given = token as Partial<AddedToken>
  const content = contentOf(token)
  if (content === undefined) return
  const special = given.special ?? false
  const { normalized = !special, lstrip = false, rstrip = false } = given
  to.set(content, { content, special, normalized, lstrip, rstrip })
}

function contentOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token
  const content = (token as { content?: unknown } | null | undefined)?.content
  return typeof content === 'string' ? content : undefined
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function present(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))
}
