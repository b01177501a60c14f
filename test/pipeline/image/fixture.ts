import { fileURLToPath } from 'node:url'
import type { ImageBundle } from '../../../src/pipeline/image/bundle.js'
import { Image } from '../../../src/pipeline/image/image.js'

export const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/images/${name}`, import.meta.url))

export const opened = (name: string) => Image.open(fixture(name))

/** A picture of one colour. */
export function filled(width: number, height: number, rgb: [number, number, number]): Image {
  return new Image(
    Uint8Array.from({ length: width * height * 3 }, (_, i) => rgb[i % 3]),
    width,
    height,
  )
}

/** How many bytes of two pictures differ, and by how much at most; another size: all. */
export function difference(a: Image, b: Image): { bytes: number; most: number } {
  if (a.width !== b.width || a.height !== b.height) return { bytes: Infinity, most: Infinity }
  const deltas = Array.from(a.data, (value, i) => Math.abs(value - b.data[i]))
  return { bytes: deltas.filter(delta => delta > 0).length, most: Math.max(...deltas) }
}

/** What a notebook's kernel gets to show. */
export function shown(value: object): Promise<ImageBundle> {
  return (value as Record<symbol, () => Promise<ImageBundle>>)[Symbol.for('Jupyter.display')]()
}
