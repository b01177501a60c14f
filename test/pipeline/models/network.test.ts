import { expect, test, vi } from 'vitest'
import { network } from '../../../src/pipeline/models/network.js'

const run = vi.hoisted(() => vi.fn())
vi.mock('../../../src/pipeline/runtime/engine.js', async original => ({
  ...(await original<typeof import('../../../src/pipeline/runtime/engine.js')>()),
  openEngine: () => ({ run, release: async () => {} }),
}))

const unet = (dtype: 'float32' | 'float16', device: 'cuda' | 'cpu') =>
  network('unet', { device, dtype, attention: { kind: 'fused' } }, () => {
    throw new Error('no graph is asked for')
  })
const of = (...data: number[]) => ({ out: { type: 'float32', dims: [data.length], data: Float32Array.from(data) } })

test('what overflows half precision is an error that says so, not a black picture', async () => {
  for (const value of [Number.NaN, Infinity]) {
    run.mockResolvedValueOnce(of(1, value))
    await expect(unet('float16', 'cuda').run({}, {})).rejects.toThrow(
      "the unet gave values that are no numbers: this model overflows half precision; load it with dtype: 'float32'",
    )
  }
  run.mockResolvedValueOnce(of(65_504))
  await expect(unet('float16', 'cuda').run({}, {})).resolves.toEqual(of(65_504))
})

test('in float32, in which the CPU computes whatever was asked for, the weights or the inputs are at fault', async () => {
  for (const network of [unet('float32', 'cuda'), unet('float16', 'cpu')]) {
    run.mockResolvedValueOnce(of(Number.NaN))
    await expect(network.run({}, {})).rejects.toThrow('its weights, or what it was given, hold such values')
  }
})
