import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Generator } from '../../../src/pipeline/random.js'
import { type StepOptions, schedulerFromConfig } from '../../../src/pipeline/schedulers/index.js'
import { type Tensor, tensor } from '../../../src/pipeline/tensor.js'

/** What diffusers' own class gave; tools/reference/schedulers.py. */
interface Case extends Pick<StepOptions, 'eta' | 'dtype'> {
  class: string
  config: Record<string, unknown>
  steps: number | null
  timesteps?: number[]
  sigmas?: number[]
  mu?: number
  options?: StepOptions
  /** The step at which the walk begins, from a picture with noise added. */
  start?: number
  want: { timesteps: number[]; sigmas?: number[]; initNoiseSigma: number; halfway?: number[]; sample: number[] }
}
const fixture = new URL('../../fixtures/schedulers.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: Case[] }

const DIMS = [2, 2, 2, 3]
const { fround } = Math
const named = ({ class: _, want: __, config, steps, ...rest }: Case) =>
  [JSON.stringify(config), steps ?? 'custom', ...(Object.keys(rest).length ? [JSON.stringify(rest)] : [])].join(' ')

describe.each([...new Set(cases.map(one => one.class))])('%s walks as diffusers does', name => {
  test.each(cases.filter(one => one.class === name).map(one => ({ ...one, name: named(one) })))('$name', one => {
    const scheduler = schedulerFromConfig({ _class_name: one.class, ...one.config })
    scheduler.setTimesteps(one.steps ?? undefined, one)
    expectClose(scheduler.timesteps, one.want.timesteps, 1e-6)
    if (one.want.sigmas) expectClose(scheduler.sigmas!, one.want.sigmas, 1e-6)
    expectClose([scheduler.initNoiseSigma], [one.want.initNoiseSigma], 1e-6)

    const options = { generator: new Generator(3), eta: one.eta, dtype: one.dtype, ...one.options }
    const timesteps = scheduler.timesteps.slice((one.start ?? 0) * scheduler.order)
    let sample =
      one.start === undefined
        ? filled(i => fround(scheduler.initNoiseSigma) * pattern(i))
        : scheduler.addNoise(filled(bias), filled(pattern), timesteps.slice(0, 1))
    const learned = String(one.config.variance_type).startsWith('learned')
    for (const [i, timestep] of timesteps.entries()) {
      const output = standIn(scheduler.scaleModelInput(sample, timestep), timestep)
      sample = scheduler.step(learned ? withVariance(output) : output, timestep, sample, options).prevSample
      if (one.want.halfway && i === Math.floor(timesteps.length / 2))
        expectClose(sample.data, one.want.halfway, toleranceOf(one))
    }
    expectClose(sample.data, one.want.sample, toleranceOf(one))
    expect(sample.dims).toEqual(DIMS)
  })
})

/** Of the largest value. Wider where diffusers' single precision cancels most of the digits. */
function toleranceOf({ config, class: name }: Case): number {
  // torch's own square root is off by one unit for a value in five; Euler's first step goes down from σ = 4096
  if (config.rescale_betas_zero_snr && name === 'EulerDiscreteScheduler') return 1e-4
  // differences of logarithms of ρ, which begins at 999
  if (config.use_flow_sigmas && name === 'DEISMultistepScheduler') return 1e-4
  // a Vandermonde system of four, solved
  if (config.solver_order === 4) return 5e-5
  return 1e-5
}

/** The stand-in for a network: a falling share of its input and a fixed pattern. */
function standIn(input: Tensor, timestep: number): Tensor {
  const share = fround(0.25 + timestep / 4096)
  return filled(i => fround(input.data[i] * share) + bias(i))
}

const pattern = (i: number) => ((i * 37 + 11) % 64) / 32 - 1
const bias = (i: number) => ((i * 29 + 5) % 32) / 32 - 0.5

/** The output with as many channels of variance after its own. */
function withVariance({ data }: Tensor): Tensor {
  const [batch, channels, ...size] = DIMS
  const half = data.length / batch
  const variance = Float32Array.from({ length: data.length }, (_, i) => (((i * 13 + 7) % 16) + 1) / 16)
  const parts = [0, half].flatMap(at => [...data.subarray(at, at + half), ...variance.subarray(at, at + half)])
  return tensor(parts, [batch, 2 * channels, ...size])
}

function filled(value: (i: number) => number): Tensor {
  return tensor(
    Array.from({ length: 24 }, (_, i) => value(i)),
    DIMS,
  )
}

function expectClose(got: ArrayLike<number>, want: readonly number[], tolerance: number) {
  expect(got).toHaveLength(want.length)
  const largest = Math.max(...want.map(Math.abs))
  const furthest = Math.max(...want.map((value, i) => Math.abs(got[i] - value)))
  expect(furthest / (largest || 1), `got ${Array.from(got).slice(0, 6)} want ${want.slice(0, 6)}`).toBeLessThanOrEqual(
    tolerance,
  )
}
