import { readFileSync, writeFileSync } from 'node:fs'

/** Rewrites a .safetensors file's header in place, so that a test can break it; the data stay as they are. */
export function editHeader(path: string, edit: (header: Record<string, SafetensorsEntry>) => void): void {
  const file = readFileSync(path)
  const headerLength = Number(file.readBigUInt64LE())
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength))
  edit(header)
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  writeFileSync(path, Buffer.concat([length, text, file.subarray(8 + headerLength)]))
}

export interface SafetensorsEntry {
  dtype: string
  shape: number[]
  data_offsets: [number, number]
}

/** Writes float32 tensors: name → shape, all zeros, or the values of a list. */
export function writeSafetensors(
  path: string,
  tensors: Record<string, { shape: number[]; values?: number[] }>,
  metadata?: Record<string, string>,
): void {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {}
  const data: number[] = []
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const size = shape.reduce((product, dim) => product * dim, 1)
    header[name] = { dtype: 'F32', shape, data_offsets: [4 * data.length, 4 * (data.length + size)] }
    data.push(...(values ?? Array<number>(size).fill(0)))
  }
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  writeFileSync(path, Buffer.concat([length, text, Buffer.from(Float32Array.from(data).buffer)]))
}
