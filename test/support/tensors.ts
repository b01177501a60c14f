import { readFileSync } from 'node:fs'

/** A tensor of a fixture, row-major. */
export interface FixtureTensor<Data = Float32Array | Uint8Array> {
  dims: number[]
  data: Data
}

export interface FixtureTensors {
  names: string[]
  has(name: string): boolean
  floats(name: string): FixtureTensor<Float32Array>
  bytes(name: string): FixtureTensor<Uint8Array>
}

/** All float32 and uint8 tensors of a .safetensors file, read at once. For fixtures: it trusts the file. */
export function readTensors(path: string | URL): FixtureTensors {
  const file = readFileSync(path)
  const headerLength = Number(file.readBigUInt64LE())
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<string, Entry>
  const start = 8 + headerLength

  function bytesOf(name: string, dtype: Entry['dtype']): { dims: number[]; bytes: ArrayBuffer } {
    const entry = header[name]
    if (entry?.dtype !== dtype) throw new Error(`expected ${dtype} "${name}" in ${path}, got ${entry?.dtype ?? 'none'}`)
    const [from, to] = entry.data_offsets
    return { dims: entry.shape, bytes: Uint8Array.from(file.subarray(start + from, start + to)).buffer }
  }

  return {
    names: Object.keys(header).filter(name => name !== '__metadata__'),
    has: name => Object.hasOwn(header, name),
    floats(name) {
      const { dims, bytes } = bytesOf(name, 'F32')
      return { dims, data: new Float32Array(bytes) }
    },
    bytes(name) {
      const { dims, bytes } = bytesOf(name, 'U8')
      return { dims, data: new Uint8Array(bytes) }
    },
  }
}

/** Item `index` of the first dimension. */
export function item<Data extends Float32Array | Uint8Array>(
  { dims: [count, ...dims], data }: FixtureTensor<Data>,
  index: number,
): FixtureTensor<Data> {
  const size = data.length / count
  return { dims, data: data.subarray(index * size, (index + 1) * size) as Data }
}

interface Entry {
  dtype: 'F32' | 'U8'
  shape: number[]
  data_offsets: [number, number]
}
