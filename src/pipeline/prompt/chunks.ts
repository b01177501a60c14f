import type { ClipTokenizer } from '../tokenizer/clip.js'
import { isBreak, parsePromptAttention } from './attention.js'

/** As many tokens as CLIP reads at once, start and end token included, and how much each counts. */
export interface PromptChunk {
  ids: number[]
  weights: number[]
}

/**
 * A weighted prompt of any length in chunks, at least one. Where one is full within a clause, the clause moves on to the next whole, if its comma is near
 * enough; `BREAK` ends a chunk early.
 * @see stable-diffusion-webui, wiki: Features, "Infinite prompt length" and "BREAK keyword"
 */
export function promptChunks(prompt: string, tokenizer: ClipTokenizer): PromptChunk[] {
  const size = tokenizer.modelMaxLength - 2
  const comma = tokenIds(',', tokenizer)[0]
  const chunks: PromptChunk[] = []
  let [ids, weights]: number[][] = [[], []]
  let clause = 0 // where the last one begins, 0 where there was no comma

  function endChunk(length = ids.length): void {
    chunks.push(framed(ids.slice(0, length), weights.slice(0, length), tokenizer))
    ;[ids, weights, clause] = [ids.slice(length), weights.slice(length), 0]
  }
  for (const part of parsePromptAttention(prompt)) {
    if (isBreak(part)) {
      endChunk()
      continue
    }
    for (const id of tokenIds(part[0], tokenizer)) {
      if (ids.length === size) {
        const isNear = clause > 0 && size - clause < backtrack
        endChunk(isNear && id !== comma ? clause : size)
      }
      ids.push(id)
      weights.push(part[1])
      if (id === comma) clause = ids.length
    }
  }
  if (ids.length || !chunks.length) endChunk()
  return chunks
}

/** Tokens that may be moved to the next chunk, the comma before them counted. */
const backtrack = 20

/** Without start and end token, all of them. */
function tokenIds(text: string, tokenizer: ClipTokenizer): number[] {
  return tokenizer(text, { padding: false, truncation: false }).inputIds[0].slice(1, -1)
}

function framed(ids: number[], weights: number[], tokenizer: ClipTokenizer): PromptChunk {
  const { modelMaxLength, bosTokenId, eosTokenId, padTokenId } = tokenizer
  const rest = modelMaxLength - ids.length - 2
  return {
    ids: [bosTokenId, ...ids, eosTokenId, ...Array(rest).fill(padTokenId)],
    weights: [1, ...weights, 1, ...Array(rest).fill(1)],
  }
}
