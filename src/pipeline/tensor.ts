import { InvalidOptionError } from './errors.js'

/** A dense array in row-major order. Half precision is a storage and compute type, never a user's: data is always float32. */
export interface Tensor {
  /** the shape, outermost first */
  dims: number[]
  /** as many as the product of `dims` */
  data: Float32Array
  /** of the values */
  type: 'float32'
}

/** @throws RangeError when `data` does not hold exactly the product of `dims` */
export function tensor(data: Float32Array | readonly number[], dims: readonly number[]): Tensor {
  const size = elementCount(dims)
  if (data.length !== size) throw new RangeError(`expected ${size} values for [${dims.join(', ')}], got ${data.length}`)
  return { dims: [...dims], data: data instanceof Float32Array ? data : Float32Array.from(data), type: 'float32' }
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((size, dim) => size * dim, 1)
}

/**
 * A caller's tensor; a plain object of that shape, with a list of numbers as data, will do.
 * @param shape what `dims` must be; a word stands for any size of at least 1
 * @throws InvalidOptionError naming the shape that was expected and what came
 */
export function checkedTensor(name: string, value: unknown, shape: readonly (number | string)[]): Tensor {
  const { dims, data } = (value ?? {}) as Partial<Tensor>
  const expected = `${name} must be a tensor [${shape.join(', ')}]`
  if (!Array.isArray(dims) || typeof data?.length !== 'number')
    throw new InvalidOptionError(`${expected}, { dims, data, type: 'float32' }, got ${typeof value}`)
  const fits = shape.every((size, i) => (typeof size === 'number' ? dims[i] === size : dims[i] >= 1))
  if (dims.length !== shape.length || !fits || !dims.every(Number.isInteger))
    throw new InvalidOptionError(`${expected}, got [${dims.join(', ')}]`)
  if (data.length !== elementCount(dims))
    throw new InvalidOptionError(`${expected}, got ${data.length} values for [${dims.join(', ')}]`)
  return tensor(data, dims)
}

/** Items `start` to `end` (exclusive) of the first dimension; shares the data. */
export function slice({ dims: [, ...item], data, type }: Tensor, start: number, end: number): Tensor {
  const size = elementCount(item)
  return { dims: [end - start, ...item], data: data.subarray(start * size, end * size), type }
}

/** One after another along the first dimension; the other dimensions must agree. */
export function concat(tensors: readonly Tensor[]): Tensor {
  const [{ dims: item }] = tensors
  const data = new Float32Array(tensors.reduce((size, { data }) => size + data.length, 0))
  let offset = 0
  for (const { data: part } of tensors) {
    data.set(part, offset)
    offset += part.length
  }
  return tensor(data, [tensors.reduce((count, { dims }) => count + dims[0], 0), ...item.slice(1)])
}

/** Every value times `factor`. */
export function scaled({ dims, data }: Tensor, factor: number): Tensor {
  return tensor(
    data.map(value => value * factor),
    dims,
  )
}

/** [n, a, …] and [n, b, …] → [n, a + b, …]: one after another along the second dimension. */
export function joinChannels(first: Tensor, second: Tensor): Tensor {
  const [count, channels, ...rest] = first.dims
  const items = Array.from({ length: count }, (_, i) => [slice(first, i, i + 1), slice(second, i, i + 1)]).flat()
  const data = new Float32Array(first.data.length + second.data.length)
  let offset = 0
  for (const { data: item } of items) {
    data.set(item, offset)
    offset += item.length
  }
  return tensor(data, [count, channels + second.dims[1], ...rest])
}

/** Each item of the first dimension `times` times in a row, as torch's `repeat_interleave`. */
export function repeatItems(source: Tensor, times: number): Tensor {
  const items = Array.from({ length: source.dims[0] }, (_, i) => slice(source, i, i + 1))
  return concat(items.flatMap(item => Array.from({ length: times }, () => item)))
}
