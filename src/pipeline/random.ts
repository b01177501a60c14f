import { randomInt } from 'node:crypto'
import { inspect } from 'node:util'
import { InvalidOptionError } from './errors.js'
import { elementCount, type Tensor, tensor } from './tensor.js'

export interface RandnOptions {
  /**
   * One generator draws for the whole tensor at once; an array holds one a batch item, and each item is drawn alone
   * (diffusers `randn_tensor`). Without any: a fresh random one.
   */
  generator?: Generator | Generator[]
  /** The type torch would draw in: half precision rounds, and spends its bits otherwise at the end of a size not a
   *  multiple of 16. Default `float32`. */
  dtype?: 'float32' | 'float16'
}

/**
 * Normally distributed noise, mean 0, variance 1: `torch.randn` on the CPU, bit for bit, as it runs on x86 with AVX2 or
 * AVX-512. (torch's plain C path, taken on other processors, differs in the last bits of about a fifth of the values.)
 * @param dims row-major shape; with an array of generators the first is the batch
 * @throws InvalidOptionError when the array does not hold one generator a batch item
 * @see pytorch aten/src/ATen/native/cpu/DistributionTemplates.h
 */
export function randn(dims: readonly number[], { generator, dtype = 'float32' }: RandnOptions = {}): Tensor {
  if (dtype !== 'float32' && dtype !== 'float16')
    throw new InvalidOptionError(`dtype must be float32 or float16, got ${inspect(dtype)}`)
  for (const one of Array.isArray(generator) ? generator : [generator])
    if (one !== undefined && !(one instanceof Generator))
      throw new InvalidOptionError(`generator must be a Generator, such as new Generator(7), got ${inspect(one)}`)
  const data = new Float32Array(elementCount(dims))
  if (Array.isArray(generator)) {
    if (generator.length !== dims[0])
      throw new InvalidOptionError(
        `generator must be one Generator or one a batch item: the batch is ${dims[0]}, got ${generator.length}`,
      )
    const size = data.length / generator.length
    for (const [i, one] of generator.entries()) fillNormal(data.subarray(i * size, (i + 1) * size), one, dtype)
  } else fillNormal(data, generator ?? new Generator(), dtype)
  return tensor(data, dims)
}

/**
 * torch's CPU generator: the Mersenne twister MT19937, and the second normal of a pair kept for the next small draw.
 * The seed is a whole number from −2⁶³ to 2⁶⁴ − 1, wrapped to 64 bits unsigned; only its low 32 bits seed the twister.
 * Without a seed it takes a random one below 2³².
 * @see pytorch aten/src/ATen/CPUGeneratorImpl.cpp, aten/src/ATen/core/MT19937RNGEngine.h
 */
export class Generator {
  /** The seed as torch's `initial_seed()` gives it: never negative; a bigint where a number would not be exact. */
  readonly initialSeed: number | bigint
  readonly #state = new Uint32Array(N)
  #position = N
  #cachedNormal: number | undefined
  #hasDrawn = false

  constructor(seed: number | bigint = randomInt(2 ** 32)) {
    const wrapped = wrapSeed(seed)
    this.initialSeed = wrapped <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wrapped) : wrapped
    const state = this.#state
    state[0] = Number(BigInt.asUintN(32, wrapped))
    for (let i = 1; i < N; i++) {
      const previous = state[i - 1]
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i
    }
  }

  /** Whether anything came from it yet: its seed alone no longer tells what it draws next. */
  get hasDrawn(): boolean {
    return this.#hasDrawn
  }

  /** The next 32 random bits, 0 … 2³² − 1. */
  uint32(): number {
    if (this.#position === N) this.#twist()
    let y = this.#state[this.#position++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    y ^= y >>> 18
    return y >>> 0
  }

  /** One normal value in double precision; values come in pairs, the second waits for the next call. */
  normal(): number {
    if (this.#cachedNormal !== undefined) {
      const cached = this.#cachedNormal
      this.#cachedNormal = undefined
      return cached
    }
    const theta = 2 * Math.PI * this.#uniform53()
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniform53()))
    this.#cachedNormal = radius * Math.sin(theta)
    return radius * Math.cos(theta)
  }

  #uniform53(): number {
    const high = this.uint32() & 0x1fffff
    return (high * 2 ** 32 + this.uint32()) * 2 ** -53
  }

  #twist(): void {
    const state = this.#state
    this.#hasDrawn = true
    for (let i = 0; i < N; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff)
      state[i] = state[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.#position = 0
  }
}

const N = 624
const M = 397

function wrapSeed(seed: number | bigint): bigint {
  const whole = typeof seed === 'bigint' || Number.isSafeInteger(seed)
  const value = whole ? BigInt(seed) : 0n
  if (!whole || value < -(2n ** 63n) || value >= 2n ** 64n)
    throw new InvalidOptionError(
      `seed must be a whole number from -2**63 to 2**64 - 1 (a bigint beyond 2**53 - 1), got ${inspect(seed)}`,
    )
  return BigInt.asUintN(64, value)
}

const BLOCK = 16

/** Below 16 values torch draws each in double precision; from 16 on, blocks of 16 by Box and Muller's transform. */
function fillNormal(data: Float32Array, generator: Generator, dtype: 'float32' | 'float16'): void {
  const half = dtype === 'float16'
  if (data.length < BLOCK) {
    for (let i = 0; i < data.length; i++) {
      const value = Math.fround(generator.normal())
      data[i] = half ? toHalf(value) : value
    }
    return
  }
  const blocks = Math.floor(data.length / BLOCK) * BLOCK
  if (half) {
    for (let at = 0; at < blocks; at += BLOCK) fillBlockHalf(data, at, generator)
    if (blocks < data.length) fillBlockHalf(data, data.length - BLOCK, generator)
    return
  }
  fillUniform(data, generator)
  for (let at = 0; at < blocks; at += BLOCK) boxMuller(data, at)
  if (blocks === data.length) return
  fillUniform(data.subarray(data.length - BLOCK), generator) // the last sixteen are drawn anew
  boxMuller(data, data.length - BLOCK)
}

function fillUniform(data: Float32Array, generator: Generator): void {
  for (let i = 0; i < data.length; i++) data[i] = (generator.uint32() & 0xffffff) * 2 ** -24
}

const block = new Float32Array(BLOCK)

/**
 * Half precision is drawn block by block in single precision, then rounded. So does torch since its pull request 179834
 * (April 2026); before, it took 11 bits a uniform, and its half noise for a seed was another.
 */
function fillBlockHalf(data: Float32Array, at: number, generator: Generator): void {
  fillUniform(block, generator)
  boxMuller(block, 0)
  for (let j = 0; j < BLOCK; j++) data[at + j] = toHalf(block[j])
}

const { fround, sqrt } = Math
const TWO_PI = fround(2 * Math.PI)

/** Sixteen uniforms from `at` become normals; the pairs are (j, j + 8). */
function boxMuller(data: Float32Array, at: number): void {
  for (let j = at; j < at + 8; j++) {
    const radius = fround(sqrt(fround(-2 * logCephes(fround(1 - data[j])))))
    sinCosCephes(fround(TWO_PI * data[j + 8]))
    data[j] = fround(radius * sinCos[1]) + 0 // + mean: makes −0 a 0, as torch's does
    data[j + 8] = fround(radius * sinCos[0]) + 0
  }
}

const double = new Float64Array(1)
const doubleLow = new Uint32Array(double.buffer)
const single = new Float32Array(1)
const bits = new Int32Array(single.buffer)

/**
 * a × b + c of singles with one rounding. The product is exact in a double; the sum, rounded to a double first, can only
 * mislead where it lands on the midpoint of two singles, and there the sign of what was lost decides.
 */
function fma(a: number, b: number, c: number): number {
  const product = a * b
  const sum = product + c
  double[0] = sum
  if ((doubleLow[0] & 0x1fffffff) !== 0x10000000) return fround(sum)
  const rest = sum - product
  const lost = product - (sum - rest) + (c - rest)
  if (lost === 0) return fround(sum)
  return fround(sum + Math.sign(lost) * Math.abs(sum) * Number.EPSILON)
}

const SQRT_HALF = fround(Math.SQRT1_2)
const [LOG_0, LOG_1, LOG_2, LOG_3, LOG_4, LOG_5, LOG_6, LOG_7, LOG_8] = Float32Array.of(
  ...[7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1],
  ...[-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1],
)
const LOG_LOW = fround(-2.1219444e-4)
const LOG_HIGH = fround(0.693359375)

/** Natural logarithm of a normal single: `log256_ps` of pytorch's avx_mathfun.h (Cephes `logf`), fused where it fuses. */
function logCephes(value: number): number {
  single[0] = value
  let exponent = (bits[0] >>> 23) - 126
  bits[0] = (bits[0] & ~0x7f800000) | 0x3f000000
  let x = single[0]
  if (x < SQRT_HALF) {
    exponent--
    x = fround(fround(x - 1) + x)
  } else x = fround(x - 1)
  const z = fround(x * x)
  let y = fma(fma(fma(fma(LOG_0, x, LOG_1), x, LOG_2), x, LOG_3), x, LOG_4)
  y = fma(fma(fma(fma(y, x, LOG_5), x, LOG_6), x, LOG_7), x, LOG_8)
  y = fma(fround(y * x), z, fround(exponent * LOG_LOW))
  y = fma(z, -0.5, y)
  return fma(exponent, LOG_HIGH, fround(x + y))
}

const FOUR_OVER_PI = fround(1.27323954473516)
const [PI_4_A, PI_4_B, PI_4_C] = Float32Array.of(-0.78515625, -2.4187564849853516e-4, -3.774894977445941e-8)
const [COS_0, COS_1, COS_2] = Float32Array.of(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
const [SIN_0, SIN_1, SIN_2] = Float32Array.of(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
const sinCos = new Float32Array(2)

/** Sine and cosine of an angle ≥ 0 into `sinCos`: `sincos256_ps` of pytorch's avx_mathfun.h, fused where it fuses. */
function sinCosCephes(angle: number): void {
  const octant = (Math.trunc(fround(angle * FOUR_OVER_PI)) + 1) & ~1
  const x = fma(octant, PI_4_C, fma(octant, PI_4_B, fma(octant, PI_4_A, angle)))
  const z = fround(x * x)
  const cosine = fround(fma(fround(fma(fma(COS_0, z, COS_1), z, COS_2) * z), z, -0.5 * z) + 1)
  const sine = fma(fround(fma(fma(SIN_0, z, SIN_1), z, SIN_2) * z), x, x)
  const swapped = (octant & 2) !== 0
  const sinSign = octant & 4 ? -1 : 1
  const cosSign = (octant - 2) & 4 ? 1 : -1
  sinCos[0] = sinSign * (swapped ? cosine : sine)
  sinCos[1] = cosSign * (swapped ? sine : cosine)
}

/** A single rounded to the nearest half, ties to even; |value| < 65504. */
function toHalf(value: number): number {
  if (Math.abs(value) < 2 ** -14) return fround(value + 0.75) - 0.75 // below the normals a half's step is 2⁻²⁴
  single[0] = value
  bits[0] = (bits[0] + 0xfff + ((bits[0] >>> 13) & 1)) & ~0x1fff
  return single[0]
}
