/**
 * Gaussian blur of 8-bit RGB, byte for byte as Pillow's `ImageFilter.GaussianBlur(radius)`: three extended box blurs a
 * direction, edges held, 8 bits between the passes.
 * @param data [height, width, 3]
 * @param radius standard deviation, px, 0 or more
 * @see Gwosdek et al. 2011; Pillow src/libImaging/BoxBlur.c
 */
export function gaussianBlur(data: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const box = boxRadius(radius)
  if (box === 0) return data.slice()
  const out = data.slice()
  for (let pass = 0; pass < PASSES; pass++)
    for (let y = 0; y < height; y++)
      for (let channel = 0; channel < 3; channel++) blurLine(out, 3 * y * width + channel, 3, width, box)
  for (let pass = 0; pass < PASSES; pass++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++) blurLine(out, 3 * x + channel, 3 * width, height, box)
  return out
}

const PASSES = 3

/** Of the box whose passes together have that deviation; single precision, as Pillow computes it. */
function boxRadius(radius: number): number {
  const { fround } = Math
  const variance = fround(fround(fround(radius) * fround(radius)) / PASSES)
  const whole = Math.floor(fround(fround(Math.sqrt(12 * variance + 1)) - 1) / 2)
  const over = fround((2 * whole + 1) * fround(whole * (whole + 1) - fround(3 * variance)))
  return fround(whole + fround(over / fround(6 * fround(variance - (whole + 1) ** 2))))
}

/** In place, the `count` values from `at`, `step` apart: weights of 24-bit fixed point, a part of the box at either end. */
function blurLine(data: Uint8Array, at: number, step: number, count: number, box: number): void {
  const radius = Math.trunc(box)
  const inner = Math.trunc(Math.fround(2 ** 24 / Math.fround(2 * box + 1))) // in single precision, as Pillow
  const outer = Math.trunc((2 ** 24 - (2 * radius + 1) * inner) / 2)
  const line = Uint8Array.from({ length: count }, (_, i) => data[at + i * step])
  const held = (i: number) => line[Math.min(Math.max(i, 0), count - 1)]
  let sum = 0
  for (let i = -radius - 1; i < radius; i++) sum += held(i)
  for (let i = 0; i < count; i++) {
    sum += held(i + radius) - held(i - radius - 1)
    const value = sum * inner + (held(i - radius - 1) + held(i + radius + 1)) * outer
    data[at + i * step] = Math.floor((value + 2 ** 23) / 2 ** 24)
  }
}
