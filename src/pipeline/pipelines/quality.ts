/**
 * How many steps run the whole network: `'exact'` all; `'balanced'` the first fifth and every other one after it; `'fast'` the first fifth and
 * every fourth. But for `'exact'`, it computes in 8-bit integers on a CPU that is made for them.
 */
export type Quality = (typeof qualities)[number]

// Measured on the embedded model in 25 steps and left out: no guidance in the last fifth (36 dB for a tenth of the time), attention to every fourth
// key where the picture is largest (21 dB).
export const qualities = ['exact', 'balanced', 'fast'] as const

/** Of the steps, the first, all are whole: they decide what the picture shows. */
const wholeShare = 0.2

const wholeEvery: Record<Quality, number> = { exact: 1, balanced: 2, fast: 4 }

/** Whether a step, from 0, runs the whole network. */
export function isWhole(quality: Quality, step: number, total: number): boolean {
  const first = Math.ceil(wholeShare * total)
  return step < first || (step - first) % wholeEvery[quality] === 0
}
