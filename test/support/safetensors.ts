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
