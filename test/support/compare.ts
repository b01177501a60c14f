import { expect } from 'vitest'

/** Numbers in an order: a tensor's data, pixels. */
type Values = ArrayLike<number>

/** The greatest |actual − expected| over the greatest |expected|; infinite where the lengths differ or a value is not finite. */
export function maxRelativeDifference(actual: Values, expected: Values): number {
  if (actual.length !== expected.length) return Infinity
  let difference = 0
  let largest = 0
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs(actual[i] - expected[i])
    if (!Number.isFinite(apart)) return Infinity
    if (apart > difference) difference = apart
    if (Math.abs(expected[i]) > largest) largest = Math.abs(expected[i])
  }
  return difference === 0 ? 0 : difference / largest
}

/** Peak signal-to-noise ratio of 8-bit samples, in decibels; infinite where they are equal, −infinite where lengths differ. */
export function psnr(actual: Values, expected: Values): number {
  if (actual.length !== expected.length) return -Infinity
  let squares = 0
  for (let i = 0; i < expected.length; i++) squares += (actual[i] - expected[i]) ** 2
  return 10 * Math.log10(255 ** 2 / (squares / expected.length))
}

/** Fails, telling by how much, where the values differ by more than `tolerance` of the largest expected one. */
export function expectClose(actual: Values, expected: Values, tolerance: number, what: string): void {
  expect(actual.length, `${what}: number of values`).toBe(expected.length)
  expect(maxRelativeDifference(actual, expected), `${what}: difference relative to the largest`).toBeLessThan(tolerance)
}

/** Fails, telling the index of the first difference, where two arrays of singles are not the same bits. */
export function expectSameBits(actual: Float32Array, expected: Float32Array, what: string): void {
  expect(actual.length, `${what}: number of values`).toBe(expected.length)
  const different = expected.findIndex((value, i) => !Object.is(value, actual[i]))
  const shown = different < 0 ? '' : ` [${different}] is ${actual[different]}, expected ${expected[different]}`
  expect(different, `${what}: first value that differs${shown}`).toBe(-1)
}
