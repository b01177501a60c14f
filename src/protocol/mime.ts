/** One thing shown, in several forms; the reader takes the richest it knows. JSON types hold any JSON value. */
export interface MimeBundle {
  [mimeType: string]: string | Uint8Array | JsonValue
}

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }
