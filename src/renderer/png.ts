/**
 * The size that a PNG tells, px.
 * @throws Error for bytes that are no PNG
 */
export function pngSize(bytes: Uint8Array): { width: number; height: number } {
  const isPng = bytes.length >= 33 && signature.every((byte, i) => bytes[i] === byte)
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [width, height] = isPng ? [header.getUint32(16), header.getUint32(20)] : [0, 0]
  if (width && height) return { width, height }
  const start = Array.from(bytes.subarray(0, 8), byte => byte.toString(16).padStart(2, '0')).join(' ')
  const came = bytes.length ? `${bytes.length} bytes that begin with ${start}` : 'no bytes'
  throw new Error(`This picture cannot be shown: expected a PNG, got ${came}. Run the cell again.`)
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
