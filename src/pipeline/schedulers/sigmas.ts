import { quantileOfBeta } from './betaDistribution.js'

/** The keys that say how much noise each training timestep has. */
export interface BetaConfig {
  numTrainTimesteps: number
  betaStart: number
  betaEnd: number
  betaSchedule: string
  trainedBetas: readonly number[] | null
  rescaleBetasZeroSnr?: boolean
}

export const BETA_SCHEDULES = ['linear', 'scaled_linear', 'squaredcos_cap_v2']
export const SPACINGS = ['linspace', 'leading', 'trailing']

const { fround, sqrt } = Math

/**
 * ᾱ of each training timestep: how much of the picture's variance is left. Single precision, rounded where torch rounds.
 */
export function alphasCumprod(config: BetaConfig): Float32Array {
  const betas = betasOf(config)
  return cumulativeProduct(config.rescaleBetasZeroSnr ? rescaledToZeroSnr(betas) : betas)
}

/** σ of each training timestep, where a sample is picture + σ noise. */
export function trainingSigmas(alphas: Float32Array): Float32Array {
  return alphas.map(alpha => sqrt(fround(fround(1 - alpha) / alpha)))
}

/** With zero terminal SNR the last σ would be infinite: diffusers puts half precision's least number in ᾱ's place. */
export function withFiniteLastSigma(alphas: Float32Array, { rescaleBetasZeroSnr }: BetaConfig): Float32Array {
  return rescaleBetasZeroSnr ? alphas.map((alpha, i) => (i === alphas.length - 1 ? 2 ** -24 : alpha)) : alphas
}

function betasOf({ numTrainTimesteps: count, betaStart, betaEnd, betaSchedule, trainedBetas }: BetaConfig) {
  if (trainedBetas) return Float32Array.from(trainedBetas)
  if (betaSchedule === 'linear') return linspaceSingle(betaStart, betaEnd, count)
  if (betaSchedule === 'scaled_linear') return linspaceSingle(sqrt(betaStart), sqrt(betaEnd), count).map(b => b * b)
  if (betaSchedule === 'sigmoid')
    return linspaceSingle(-6, 6, count).map(
      x => fround(fround(1 / (1 + Math.exp(-x))) * (betaEnd - betaStart)) + betaStart,
    )
  const alphaBar = ALPHA_BARS[betaSchedule]
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
  )
}

/** ᾱ as a function of the time, 0 … 1. */
const ALPHA_BARS: Record<string, (t: number) => number> = {
  squaredcos_cap_v2: t => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2, // Nichol & Dhariwal 2021, equation 17
  exp: t => Math.exp(-12 * t),
  // Hang et al. 2024, "Improved Noise Schedule for Diffusion Training"
  laplace: t => {
    const lambda = (t < 0.5 ? -0.5 : 0.5) * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6)
    return sqrt(1 / (1 + Math.exp(-lambda)))
  },
}

/** torch adds in double precision and keeps each product in single. */
function cumulativeProduct(betas: Float32Array): Float32Array {
  let product = 1
  return betas.map(beta => {
    product *= fround(1 - beta)
    return product
  })
}

/** Lin et al. 2023, Algorithm 1. */
function rescaledToZeroSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeProduct(betas).map(sqrt)
  const first = roots[0]
  const last = roots[roots.length - 1]
  const scale = fround(first / fround(first - last))
  const alphasBar = roots.map(root => fround(fround(root - last) * scale) ** 2)
  return alphasBar.map((alpha, i) => 1 - (i === 0 ? alpha : fround(alpha / alphasBar[i - 1])))
}

/** torch.linspace in single precision: from both ends towards the middle, each value rounded once. */
export function linspaceSingle(start: number, end: number, count: number): Float32Array {
  const from = fround(start)
  const to = fround(end)
  const step = fround(fround(to - from) / (count - 1))
  return Float32Array.from({ length: count }, (_, i) =>
    i < Math.floor(count / 2) || count === 1 ? from + (count === 1 ? 0 : step * i) : to - step * (count - i - 1),
  )
}

/** numpy.linspace, in double precision. */
export function linspace(start: number, end: number, count: number): number[] {
  const step = (end - start) / (count - 1)
  return Array.from({ length: count }, (_, i) => (i > 0 && i === count - 1 ? end : start + (i > 0 ? i * step : 0)))
}

/** n multiples of the whole ratio, falling, before any offset. Lin et al. 2023, Table 2. */
export function leadingTimesteps(trainTimesteps: number, count: number): number[] {
  const ratio = Math.floor(trainTimesteps / count)
  return Array.from({ length: count }, (_, i) => (count - 1 - i) * ratio)
}

/** From the last timestep down in equal steps, rounded; numpy.arange decides how many. Lin et al. 2023, Table 2. */
export function trailingTimesteps(trainTimesteps: number, count: number, last = trainTimesteps): number[] {
  const step = trainTimesteps / count
  const delta = last - step - last
  return Array.from({ length: Math.ceil(-last / -step) }, (_, i) => roundHalfEven(last + i * delta) - 1)
}

/** numpy's rounding. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value)
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

/** σ at a timestep between training timesteps: numpy.interp. */
export function interpolated(sigmas: Float32Array, timestep: number): number {
  const last = sigmas.length - 1
  if (timestep >= last) return sigmas[last]
  if (timestep <= 0) return sigmas[0]
  const below = Math.floor(timestep)
  return (sigmas[below + 1] - sigmas[below]) * (timestep - below) + sigmas[below]
}

/** The timestep, mostly a fraction, whose σ this is; interpolated on log σ. */
export function timestepOf(sigma: number, logSigmas: Float32Array): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10))
  const low = Math.min(
    Math.max(
      logSigmas.findLastIndex(value => logSigma - value >= 0),
      0,
    ),
    logSigmas.length - 2,
  )
  const weight = (logSigmas[low] - logSigma) / (logSigmas[low] - logSigmas[low + 1])
  const clipped = Math.min(Math.max(weight, 0), 1)
  return (1 - clipped) * low + clipped * (low + 1)
}

/** Karras et al. 2022, equation 5, ρ = 7. */
export function karrasSigmas(max: number, min: number, count: number): number[] {
  const from = max ** (1 / 7)
  const to = min ** (1 / 7)
  return linspace(0, 1, count).map(ramp => (from + ramp * (to - from)) ** 7)
}

/** Equal steps of log σ. */
export function exponentialSigmas(max: number, min: number, count: number): number[] {
  return linspace(Math.log(max), Math.log(min), count).map(Math.exp)
}

/** Quantiles of the beta distribution with both parameters 0.6. Lee et al. 2024, "Beta Sampling is All You Need". */
export function betaSigmas(max: number, min: number, count: number): number[] {
  return linspace(0, 1, count).map(ramp => min + quantileOfBeta(1 - ramp, 0.6, 0.6) * (max - min))
}
