import { describe, expect, it } from 'vitest'
import { expectSameBits, maxRelativeDifference, psnr } from './compare.js'

describe('maxRelativeDifference', () => {
  it('is relative to the largest expected value', () => {
    expect(maxRelativeDifference([1, 2, -9], [1, 2, -10])).toBe(0.1)
    expect(maxRelativeDifference([0, 0], [0, 0])).toBe(0)
  })
  it('is infinite where a value is not a number, or missing', () => {
    expect(maxRelativeDifference([Number.NaN, 1], [1, 1])).toBe(Infinity)
    expect(maxRelativeDifference([1], [1, 1])).toBe(Infinity)
  })
})

it('psnr of a difference of 1 everywhere is 48.13 dB', () => {
  expect(psnr([1, 2, 3], [0, 1, 2])).toBeCloseTo(48.13, 2)
  expect(psnr([1, 2, 3], [1, 2, 3])).toBe(Infinity)
})

it('expectSameBits tells 0 from −0', () => {
  expect(() => expectSameBits(Float32Array.of(-0), Float32Array.of(0), 'zero')).toThrow('[0] is 0')
})
