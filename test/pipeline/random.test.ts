import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { InvalidOptionError } from '../../src/pipeline/errors.js'
import { Generator, randn } from '../../src/pipeline/random.js'

interface Draw {
  size: number
  dtype: 'float32' | 'float16'
  first: number[]
  last: number
  sha256: string
}
const reference = JSON.parse(readFileSync(new URL('../fixtures/noise.json', import.meta.url), 'utf8')) as {
  cases: { seed: string; initialSeed: string; draws: Draw[] }[]
}

const sha256 = (data: Float32Array) => createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex')

test.each(reference.cases)('seed $seed draws what torch draws, draw after draw', ({ seed, initialSeed, draws }) => {
  const generator = new Generator(BigInt(seed))
  expect(String(generator.initialSeed)).toBe(initialSeed)
  for (const { size, dtype, first, last, sha256: expected } of draws) {
    const { data } = randn([size], { generator, dtype })
    expect([...data.subarray(0, 2)]).toEqual(first.map(Math.fround))
    expect(data.at(-1)).toBe(Math.fround(last))
    expect(sha256(data), `${size} values of ${dtype}`).toBe(expected)
  }
})

test('torch.manual_seed(0); torch.randn(4)', () => {
  const { data, dims } = randn([4], { generator: new Generator(0) })
  expect([...data].map(x => x.toFixed(4))).toEqual(['1.5410', '-0.2934', '-2.1788', '0.5684'])
  expect(dims).toEqual([4])
})

test('one generator fills the batch in one draw', () => {
  const batch = randn([2, 1, 4, 4], { generator: new Generator(5) })
  expect(batch.data).toEqual(randn([32], { generator: new Generator(5) }).data)
})

test('an array of generators draws each picture alone', () => {
  const batch = randn([2, 1, 4, 4], { generator: [new Generator(5), new Generator(6)] })
  expect([...batch.data.subarray(0, 16)]).toEqual([...randn([1, 1, 4, 4], { generator: new Generator(5) }).data])
  expect([...batch.data.subarray(16)]).toEqual([...randn([1, 1, 4, 4], { generator: new Generator(6) }).data])
})

test('an array of another length than the batch is refused', () => {
  expect(() => randn([3, 4], { generator: [new Generator(0), new Generator(1)] })).toThrow(
    new InvalidOptionError('generator must be one Generator or one a batch item: the batch is 3, got 2'),
  )
})

test('what is no generator, or no type of noise, is refused', () => {
  expect(() => randn([4], { generator: 7 as never })).toThrow('generator must be a Generator, such as new Generator(7)')
  expect(() => randn([4], { dtype: 'half' as never })).toThrow("dtype must be float32 or float16, got 'half'")
})

test('a number and a bigint are the same seed, and 0 is a seed', () => {
  expect(new Generator(0n).initialSeed).toBe(0)
  expect(new Generator(0).uint32()).toBe(2357136044)
  expect(new Generator(0n).uint32()).toBe(2357136044)
})

test('without a seed the generator tells the one it took', () => {
  const generator = new Generator()
  const { data } = randn([20], { generator })
  expect(data).toEqual(randn([20], { generator: new Generator(generator.initialSeed) }).data)
  expect(data).not.toEqual(randn([20]).data)
})

test.each([1.5, Number.NaN, 2 ** 64, 2n ** 64n, -(2n ** 63n) - 1n])('seed %s is refused', seed => {
  expect(() => new Generator(seed)).toThrow(InvalidOptionError)
  expect(() => new Generator(seed)).toThrow(`got ${seed}`)
})

test('no values are no draw', () => {
  const generator = new Generator(1)
  expect(randn([0, 4], { generator }).data).toHaveLength(0)
  expect(generator.uint32()).toBe(new Generator(1).uint32())
})
