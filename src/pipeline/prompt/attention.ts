/** Text and how much attention it gets, 1 as it is; `['BREAK', -1]` where the text after it begins a new chunk of tokens. */
export type WeightedText = [text: string, weight: number]

/**
 * A prompt as stable-diffusion-webui (A1111) weighs it: `(x)` counts 1.1 times as much, `(x:1.3)` 1.3 times, `[x]` 1/1.1 times; what stands inside
 * several is multiplied. `\(`, `\)`, `\[`, `\]` and `\\` are the characters themselves; brackets that are never closed reach to the end.
 * `BREAK` parts chunks of tokens.
 * @returns neighbours of one weight as one, at least one
 * @see stable-diffusion-webui, wiki: Features, "Attention/emphasis"
 */
export function parsePromptAttention(prompt: string): WeightedText[] {
  const found: WeightedText[] = []
  const round: number[] = []
  const square: number[] = []
  const multiply = (start: number, factor: number) => {
    for (let i = start; i < found.length; i++) if (!isBreak(found[i])) found[i][1] *= factor
  }
  for (const [token, weight] of prompt.matchAll(tokens)) {
    if (token === '(') round.push(found.length)
    else if (token === '[') square.push(found.length)
    else if (weight !== undefined && round.length) multiply(round.pop()!, Number.parseFloat(weight) || 0)
    else if (token === ')' && round.length) multiply(round.pop()!, emphasis)
    else if (token === ']' && square.length) multiply(square.pop()!, 1 / emphasis)
    else if (token[0] === '\\') found.push([token.slice(1) || token, 1])
    else found.push(...brokenUp(token))
  }
  for (const start of round) multiply(start, emphasis)
  for (const start of square) multiply(start, 1 / emphasis)
  return merged(found)
}

export const isBreak = ([text, weight]: WeightedText): boolean => text === 'BREAK' && weight === -1

const emphasis = 1.1

/** An escape, a bracket, a bracket's weight with its end, or text that holds none of these. */
const tokens = /\\[()[\]\\]|\\|[([]|:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)|[)\]:]|[^\\()[\]:]+/g

function brokenUp(text: string): WeightedText[] {
  const parts = text.split(/\s*(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])\s*/u)
  return parts.flatMap((part, i): WeightedText[] =>
    i
      ? [
          ['BREAK', -1],
          [part, 1],
        ]
      : [[part, 1]],
  )
}

function merged(found: WeightedText[]): WeightedText[] {
  const result: WeightedText[] = []
  for (const [text, weight] of found) {
    const last = result.at(-1)
    if (last && last[1] === weight && !isBreak(last)) last[0] += text
    else result.push([text, weight])
  }
  return result.length ? result : [['', 1]]
}
