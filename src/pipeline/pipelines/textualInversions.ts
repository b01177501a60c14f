import { InvalidOptionError } from '../errors.js'
import type { CLIPTextModel } from '../models/clipTextModel.js'
import { readTextualInversion } from '../models/textualInversion.js'
import { checkNames, shown } from '../optionChecks.js'
import type { ClipTokenizer } from '../tokenizer/clip.js'
import type { WeightTensor } from '../weights/safetensors.js'
import { type HubFileOptions, weightsFile } from './weightsFile.js'

/** What `loadTextualInversion` takes beside the file. */
export interface TextualInversionOptions extends Omit<HubFileOptions, 'token'> {
  /** instead of the file's own; with several files one each, and with one file of a tensor alone one a row */
  token?: string | string[]
  /** of a file in a folder or repository (`learned_embeds.safetensors`, `learned_embeds.bin`, or the only one) */
  weightName?: string
  /** for gated and private repositories, as `token` elsewhere */
  hfToken?: string
}

const names = new Set<string>([
  'token',
  'weightName',
  'hfToken',
  'revision',
  'cacheDir',
  'localFilesOnly',
  'signal',
  'onProgress',
] satisfies (keyof TextualInversionOptions)[])

interface Parts {
  tokenizer: ClipTokenizer
  textEncoder: CLIPTextModel
}

/** Teaches the tokenizer the tokens of these files, and the text encoder their vectors; of all files or of none. */
export async function loadInversions(
  parts: Parts,
  paths: string | string[],
  options: TextualInversionOptions,
): Promise<void> {
  checkNames(options, names)
  const list = [paths].flat()
  const tokens = options.token === undefined ? undefined : [options.token].flat()
  if (list.length === 0)
    throw new InvalidOptionError('expected at least one file of a textual inversion, got an empty list')
  if (tokens?.some(token => typeof token !== 'string' || token.trim() === ''))
    throw new InvalidOptionError(
      `token must be a word such as "<cat-toy>", or a list of them, got ${shown(options.token)}`,
    )
  if (tokens && list.length > 1 && tokens.length !== list.length)
    throw new InvalidOptionError(`token must have one a file (${list.length}), got ${tokens.length}`)

  const all = new Map(parts.textEncoder.inversions)
  for (const [i, path] of list.entries())
    for (const [token, vectors] of await read(
      parts,
      path,
      tokens && (list.length > 1 ? [tokens[i]] : tokens),
      options,
    )) {
      checkFree(parts.tokenizer, token, all)
      all.set(token, vectors)
    }
  teach(parts, all)
}

/** @param tokens those to unlearn (all that were loaded) */
export function unloadInversions(parts: Parts, tokens?: string | string[]): void {
  const all = new Map(parts.textEncoder.inversions)
  const names = tokens === undefined ? [...all.keys()] : [tokens].flat()
  for (const name of names)
    if (!all.delete(name))
      throw new InvalidOptionError(
        `no textual inversion ${shown(name)} is loaded; loaded are ${[...parts.textEncoder.inversions.keys()].join(', ') || 'none'}`,
      )
  teach(parts, all)
}

async function read(
  { textEncoder }: Parts,
  path: string,
  tokens: string[] | undefined,
  { weightName, hfToken, token: _, ...hub }: TextualInversionOptions,
): Promise<[token: string, vectors: WeightTensor][]> {
  const choice = { name: weightName, usual: 'learned_embeds.safetensors', pickles: true }
  const file = await weightsFile(path, choice, { ...hub, ...(hfToken !== undefined && { token: hfToken }) })
  const { token, vectors } = await readTextualInversion(file, textEncoder.config.hiddenSize)
  if (tokens && tokens.length > 1) {
    if (token !== undefined || vectors.shape[0] !== tokens.length)
      throw new InvalidOptionError(
        `token: ${tokens.length} of them need a file of a tensor alone with as many rows; ${file} holds ` +
          (token === undefined ? `${vectors.shape[0]} rows` : `the vectors of one token, "${token}"`),
      )
    return tokens.map((name, i) => [name, row(vectors, i)])
  }
  const name = tokens?.[0] ?? token
  if (name === undefined)
    throw new InvalidOptionError(`${file} is a tensor by itself, which tells no token: give it by \`token\``)
  return [[name, vectors]]
}

function checkFree(tokenizer: ClipTokenizer, token: string, loaded: ReadonlyMap<string, unknown>): void {
  if (tokenizer.has(token) || tokenizer.has(`${token}_1`) || loaded.has(token))
    throw new InvalidOptionError(`the token "${token}" is in the tokenizer's vocabulary: give another by \`token\``)
}

function teach({ tokenizer, textEncoder }: Parts, inversions: ReadonlyMap<string, WeightTensor>): void {
  let next = textEncoder.config.vocabSize
  tokenizer.setAddedTokens(
    [...inversions].map(([token, { shape }]) => ({ token, ids: Array.from({ length: shape[0] }, () => next++) })),
  )
  textEncoder.setInversions(inversions)
}

function row(tensor: WeightTensor, i: number): WeightTensor {
  const length = tensor.length / tensor.shape[0]
  return { ...tensor, shape: [1, tensor.shape[1]], offset: tensor.offset + i * length, length }
}
