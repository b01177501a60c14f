import type { Level } from './exponentialIntegrator.js'

export type Algorithm = 'dpmsolver' | 'dpmsolver++' | 'sde-dpmsolver' | 'sde-dpmsolver++'

/** The update as weights: x_t = ofSample ⋅ x + Σ ofOutputs[i] ⋅ (i-th newest output) + ofNoise ⋅ fresh noise. */
export interface SolverWeights {
  ofSample: number
  ofOutputs: number[]
  /** Of the stochastic kinds alone. */
  ofNoise?: number
}

export type SolverType = 'midpoint' | 'heun'

/**
 * One multistep update of order 1 to 3, in the papers' letters: D₀ is the newest output, D₁ and D₂ its divided
 * differences, h and r steps of λ = log(α / σ). Rounded to single precision where differences would show it.
 * @param levels where the step ends, where it begins, and where the earlier outputs were made: order + 1 of them
 * @see Lu et al. 2022, "DPM-Solver" and "DPM-Solver++", appendices B
 */
export function solverWeights(algorithm: Algorithm, solverType: SolverType, levels: readonly Level[]): SolverWeights {
  const lambdas = levels.map(lambdaOf)
  const steps = lambdas.slice(1).map((lambda, i) => fround(lambdas[i] - lambda))
  const [h, h0, h1] = steps
  const { ofSample, d0, midpoint, heun, third, ofNoise } = integrals(algorithm, h, levels[0], levels[1])
  if (steps.length === 1) return { ofSample, ofOutputs: [d0], ofNoise }
  const r0 = h0 / h
  if (steps.length === 2) {
    const d1 = (solverType === 'heun' ? heun : midpoint) / r0
    return { ofSample, ofOutputs: [d0 + d1, -d1], ofNoise }
  }
  const r1 = h1 / h
  const ofNear = heun * (1 + r0 / (r0 + r1)) + third / (r0 + r1) // of D₁₀ = (m₀ − m₁) / r₀
  const ofFar = -heun * (r0 / (r0 + r1)) - third / (r0 + r1) // of D₁₁ = (m₁ − m₂) / r₁
  return { ofSample, ofOutputs: [d0 + ofNear / r0, ofFar / r1 - ofNear / r0, -ofFar / r1], ofNoise }
}

/**
 * One singlestep update of order 1 to 3: it begins where the oldest of the outputs was made, and D₀ is that output.
 * @param levels where the step ends, and where the outputs were made, newest first: order + 1 of them
 * @see Lu et al. 2022, "DPM-Solver", Algorithms 4 and 5, "DPM-Solver++", Algorithm 1
 */
export function singlestepWeights(
  algorithm: Algorithm,
  solverType: SolverType,
  levels: readonly Level[],
): SolverWeights {
  const [end, ...outputs] = levels.map(lambdaOf)
  const start = outputs[outputs.length - 1]
  const h = fround(end - start)
  const { ofSample, d0, midpoint, heun, third, ofNoise } = integrals(algorithm, h, levels[0], levels[levels.length - 1])
  if (outputs.length === 1) return { ofSample, ofOutputs: [d0], ofNoise }
  const r0 = fround(outputs[0] - start) / h
  if (outputs.length === 2) {
    const d1 = (solverType === 'heun' ? heun : midpoint) / r0
    return { ofSample, ofOutputs: [d1, d0 - d1], ofNoise }
  }
  if (solverType === 'midpoint') return { ofSample, ofOutputs: [heun / r0, 0, d0 - heun / r0], ofNoise }
  const r1 = fround(outputs[1] - start) / h
  const ofFar = (-heun * r1 + 2 * third) / (r0 - r1) / r0 // of m₀ − m₂
  const ofNear = (heun * r0 - 2 * third) / (r0 - r1) / r1 // of m₁ − m₂
  return { ofSample, ofOutputs: [ofFar, ofNear, d0 - ofFar - ofNear], ofNoise }
}

/** λ = log(α / σ). */
export function lambdaOf({ alpha, sigma }: Level): number {
  return fround(fround(Math.log(alpha)) - fround(Math.log(sigma)))
}

/** Weights of the sample, of D₀, of D₁ (midpoint or Heun's kind, which the third order takes too), of D₂ and noise. */
function integrals(algorithm: Algorithm, h: number, end: Level, start: Level) {
  const { alpha, sigma } = end
  const down = fround(Math.exp(-h))
  const up = fround(Math.exp(h))
  const down2 = fround(Math.exp(-2 * h))
  switch (algorithm) {
    case 'dpmsolver++':
      return {
        ofSample: sigma / start.sigma,
        d0: -alpha * (down - 1),
        midpoint: -0.5 * alpha * (down - 1),
        heun: alpha * ((down - 1) / h + 1),
        third: -alpha * ((down - 1 + h) / h ** 2 - 0.5),
      }
    case 'dpmsolver':
      return {
        ofSample: alpha / start.alpha,
        d0: -sigma * (up - 1),
        midpoint: -0.5 * sigma * (up - 1),
        heun: -sigma * ((up - 1) / h - 1),
        third: -sigma * ((up - 1 - h) / h ** 2 - 0.5),
      }
    case 'sde-dpmsolver++':
      return {
        ofSample: (sigma / start.sigma) * down,
        d0: alpha * (1 - down2),
        midpoint: 0.5 * alpha * (1 - down2),
        heun: alpha * ((1 - down2) / (-2 * h) + 1),
        third: alpha * ((1 - down2 - 2 * h) / (2 * h) ** 2 - 0.5),
        ofNoise: sigma * Math.sqrt(1 - down2),
      }
    case 'sde-dpmsolver':
      return {
        ofSample: alpha / start.alpha,
        d0: -2 * sigma * (up - 1),
        midpoint: -sigma * (up - 1),
        heun: -2 * sigma * ((up - 1) / h - 1),
        third: Number.NaN,
        ofNoise: sigma * Math.sqrt(up ** 2 - 1),
      }
  }
}

const { fround } = Math
