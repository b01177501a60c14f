import { lambdaOf } from './dpmSolverWeights.js'
import type { Level } from './exponentialIntegrator.js'

/** x_t = ofSample ⋅ x + Σ ofOutputs[i] ⋅ (i-th newest output) + ofThis ⋅ the output at x_t itself. */
export interface UniPCWeights {
  ofSample: number
  ofOutputs: number[]
  /** Of the corrector alone. */
  ofThis: number
}

/**
 * The update of UniP, or of UniC, which knows the output at the step's end as well. In the paper's letters: B(h) is h or
 * eʰ − 1; r and D are steps of λ and differences to the newest output, m₀; the ρ solve R ρ = b.
 * @param levels where the step ends, where it begins, and where the earlier outputs were made: order + 1 of them
 * @see Zhao et al. 2023, "UniPC", Algorithms 1 and 2, equations 5 and 8
 */
export function uniPCWeights(
  levels: readonly Level[],
  { predictX0, solverType, corrects }: { predictX0: boolean; solverType: 'bh1' | 'bh2'; corrects: boolean },
): UniPCWeights {
  const [end, start] = levels
  const [lambdaEnd, lambdaStart, ...earlier] = levels.map(lambdaOf)
  const step = lambdaEnd - lambdaStart
  const order = levels.length - 1
  const h = predictX0 ? -step : step
  const phi1 = Math.expm1(h)
  const [from, to] = predictX0 ? [start.sigma, end.sigma] : [start.alpha, end.alpha]
  const of = predictX0 ? end.alpha : end.sigma
  const weights = { ofSample: to / from, ofOutputs: [-of * phi1], ofThis: 0 }
  if (order === 1 && !corrects) return weights // where the step ends without noise, h is infinite

  const bOfH = solverType === 'bh1' ? h : phi1
  const r = [...earlier.map(lambda => (lambda - lambdaStart) / step), ...(corrects ? [1] : [])]
  const rho = r.length === 1 ? [0.5] : solved(...system(r, h, bOfH))
  for (const [i, weight] of rho.entries()) {
    const ofDifference = (-of * bOfH * weight) / r[i]
    weights.ofOutputs[0] -= ofDifference
    if (corrects && i === r.length - 1) weights.ofThis = ofDifference
    else weights.ofOutputs.push(ofDifference)
  }
  return weights
}

/** R of powers of r, and b = k! φ_(k+1)(h) hᵏ / B(h) by the φ's recurrence. */
function system(r: readonly number[], h: number, bOfH: number): [R: number[][], b: number[]] {
  const b: number[] = []
  let factorial = 1
  let phi = Math.expm1(h) / h - 1
  for (const k of r.keys()) {
    b.push((phi * factorial) / bOfH)
    factorial *= k + 2
    phi = phi / h - 1 / factorial
  }
  return [r.map((_, k) => r.map(value => value ** k)), b]
}

/** x of A x = b by elimination with pivots. */
function solved(A: readonly number[][], b: readonly number[]): number[] {
  const rows = A.map((row, i) => [...row, b[i]])
  for (const column of rows.keys()) {
    const pivot = rows
      .slice(column)
      .reduce((best, row) => (Math.abs(row[column]) > Math.abs(best[column]) ? row : best))
    const at = rows.indexOf(pivot)
    ;[rows[column], rows[at]] = [pivot, rows[column]]
    for (const [i, row] of rows.entries())
      if (i !== column) {
        const factor = row[column] / pivot[column]
        for (const k of row.keys()) row[k] -= factor * pivot[k]
      }
  }
  return rows.map((row, i) => row[rows.length] / row[i])
}
