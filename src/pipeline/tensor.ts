/** A dense array in row-major order. Half precision is a storage and compute type, never a user's: data is always float32. */
export interface Tensor {
  dims: number[]
  data: Float32Array
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
