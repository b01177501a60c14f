/** One thing shown, in several forms; the reader takes the richest it knows. JSON types hold any JSON value. */
export interface MimeBundle {
  [mimeType: string]: string | Uint8Array | JsonValue
}

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/** The bundle as files and Jupyter's wire hold it: bytes in base64. */
export function encodeBundle(bundle: MimeBundle): Record<string, JsonValue> {
  return Object.fromEntries(
    Object.entries(bundle).map(([type, value]) => [type, value instanceof Uint8Array ? base64(value) : value]),
  )
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
