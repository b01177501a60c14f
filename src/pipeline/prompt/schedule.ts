import { whole } from '../optionChecks.js'

/** Texts, each with the step it lasts to, from 1; the last one's is the last step. */
export type PromptSchedule = [until: number, text: string][]

/**
 * A prompt that changes on the way, as stable-diffusion-webui (A1111) reads it: `[from:to:when]`, `[to:when]`, `[from::when]`, where `when` is a number
 * of steps or, with a decimal point, a share of them; `[a|b]` takes turns. They nest; brackets that are none of these stay for the weights.
 * @param steps of the whole way, 1 or more
 * @throws InvalidOptionError
 * @see stable-diffusion-webui, wiki: Features, "Prompt editing" and "Alternating Words"
 */
export function promptSchedule(prompt: string, steps: number): PromptSchedule {
  const { at, ends } = parsed(prompt, whole('steps', steps, 1))
  const untils = [...new Set([...ends.filter(end => end >= 1), steps])].sort((a, b) => a - b)
  return untils.map(until => [until, at(until)])
}

/** A stretch of the prompt: its text at a step, and the steps after which that changes. */
interface Part {
  at(step: number): string
  ends: number[]
}

/** Each function that reads a part returns undefined, and leaves `position` where it was, where the prompt has none. */
function parsed(prompt: string, steps: number): Part {
  let position = 0
  let depth = 0

  function all(): Part {
    const parts: Part[] = []
    while (position < prompt.length) parts.push(bracketed() ?? literal(take(plain) ?? prompt[position++]))
    return sequence(parts)
  }
  /** What brackets hold: nothing in it is left open. */
  function inner(text: RegExp): Part {
    const parts: Part[] = []
    for (;;) {
      const found = take(text)
      const part = found === undefined ? bracketed() : literal(found)
      if (!part) return sequence(parts)
      parts.push(part)
    }
  }
  function bracketed(): Part | undefined {
    if (depth === deepest) return undefined
    const start = position
    depth++
    const part = take(/\(/y) ? emphasized() : take(/\[/y) ? edited() : undefined
    depth--
    if (!part) position = start
    return part
  }
  function emphasized(): Part | undefined {
    const parts = [literal('('), inner(plainOrBar)]
    if (take(/:/y)) parts.push(literal(':'), inner(plainOrBar))
    return take(/\)/y) ? sequence([...parts, literal(')')]) : undefined
  }
  /** After `[`: what changes with the steps, or a plain pair of brackets. */
  function edited(): Part | undefined {
    const options = [inner(plain)]
    while (take(/\|/y)) options.push(inner(plain))
    if (take(/\]/y))
      return options.length > 1 ? alternating(options) : sequence([literal('['), options[0], literal(']')])
    const first = sequence(options.flatMap((option, i) => (i ? [literal('|'), option] : [option])))
    if (!take(/:/y)) return undefined
    const only = take(when)
    if (only) return scheduled(literal(''), first, only)
    const second = inner(plainOrBar)
    const last = take(/:/y) && take(when)
    return last ? scheduled(first, second, last) : undefined
  }
  function scheduled(before: Part, after: Part, when: string): Part {
    const number = Number.parseFloat(when) * (when.includes('.') ? steps : 1)
    const end = Math.min(steps, Math.trunc(number))
    return { at: step => (step <= end ? before : after).at(step), ends: [end, ...before.ends, ...after.ends] }
  }
  function alternating(options: Part[]): Part {
    return {
      at: step => options[(step - 1) % options.length].at(step),
      ends: Array.from({ length: steps }, (_, i) => i + 1),
    }
  }
  /** What the expression, which is sticky, finds here: its first group, or all of it. */
  function take(expression: RegExp): string | undefined {
    expression.lastIndex = position
    const found = expression.exec(prompt)
    if (!found) return undefined
    position += found[0].length
    return found[1] ?? found[0]
  }
  return all()
}

/** Brackets within brackets; those within are text. Nobody writes so many by hand. */
const deepest = 100

const plain = /(?:[^\\[\]():|]|\\.)+/sy
const plainOrBar = /(?:[^\\[\]():]|\\.)+/sy
const when = /\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*\]/y

const literal = (text: string): Part => ({ at: () => text, ends: [] })

const sequence = (parts: Part[]): Part => ({
  at: step => parts.map(part => part.at(step)).join(''),
  ends: parts.flatMap(({ ends }) => ends),
})
