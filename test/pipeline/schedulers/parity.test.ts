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
  want: { timesteps: number[]; sigmas?: number[]; initNoiseSigma: number; halfway: number[]; sample: number[] }
}
const fixture = new URL('../../fixtures/schedulers.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: Case[] }

const DIMS = [2, 2, 2, 3]
const { fround } = Math
const named = (one: Case) =>
  [JSON.stringify(one.config), one.steps ?? 'custom', one.eta ?? '', one.dtype ?? ''].join(' ').trim()

describe.each([...new Set(cases.map(one => one.class))])('%s walks as diffusers does', name => {
  test.each(cases.filter(one => one.class === name).map(one => ({ ...one, name: named(one) })))('$name', one => {
    const scheduler = schedulerFromConfig({ _class_name: one.class, ...one.config })
    scheduler.setTimesteps(one.steps ?? undefined, { timesteps: one.timesteps, sigmas: one.sigmas })
    expectClose(scheduler.timesteps, one.want.timesteps, 1e-6)
    if (one.want.sigmas) expectClose(scheduler.sigmas!, one.want.sigmas, 1e-6)
    expectClose([scheduler.initNoiseSigma], [one.want.initNoiseSigma], 1e-6)

    const options = { generator: new Generator(3), eta: one.eta, dtype: one.dtype }
    let sample = filled(i => fround(scheduler.initNoiseSigma) * (((i * 37 + 11) % 64) / 32 - 1))
    const { timesteps } = scheduler
    for (const [i, timestep] of timesteps.entries()) {
      const output = standIn(scheduler.scaleModelInput(sample, timestep), timestep)
      sample = scheduler.step(output, timestep, sample, options).prevSample
      if (i === Math.floor(timesteps.length / 2)) expectClose(sample.data, one.want.halfway, toleranceOf(one))
    }
    expectClose(sample.data, one.want.sample, toleranceOf(one))
    expect(sample.dims).toEqual(DIMS)
  })
})

/**
 * Of the largest value. torch's own single-precision square root is off by one unit for a value in five, and with zero
 * terminal SNR Euler's first step goes down from σ = 4096, where one unit is 1e-4 of the result.
 */
function toleranceOf({ config, class: name }: Case): number {
  return config.rescale_betas_zero_snr && name === 'EulerDiscreteScheduler' ? 1e-4 : 5e-6
}

/** The stand-in for a network: a falling share of its input and a fixed pattern. */
function standIn(input: Tensor, timestep: number): Tensor {
  const share = fround(0.25 + timestep / 4096)
  return filled(i => fround(input.data[i] * share) + ((i * 29 + 5) % 32) / 32 - 0.5)
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
