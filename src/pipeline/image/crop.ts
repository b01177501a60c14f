import { Image } from './image.js'
import { greyLevels } from './mask.js'
import { resizeLanczos } from './resize.js'

/** Part of a picture, px: from `left`, `top` (inside) to `right`, `bottom` (outside). */
export interface Region {
  left: number
  top: number
  right: number
  bottom: number
}

/**
 * Where a mask is not black, `pad` pixels around it, made as wide or high as the shape of what is painted asks, within the
 * mask; diffusers' `get_crop_region`.
 * @returns undefined where all is black
 */
export function maskRegion(mask: Image, width: number, height: number, pad: number): Region | undefined {
  const grey = greyLevels(mask.data)
  const [columns, rows] = [mask.width, mask.height]
  let [left, top, right, bottom] = [columns, rows, 0, 0]
  for (const [i, level] of grey.entries()) {
    if (level === 0) continue
    const [x, y] = [i % columns, Math.floor(i / columns)]
    left = Math.min(left, x)
    right = Math.max(right, x + 1)
    top = Math.min(top, y)
    bottom = Math.max(bottom, y + 1)
  }
  if (right === 0) return undefined
  let [x1, y1] = [Math.max(left - pad, 0), Math.max(top - pad, 0)]
  let [x2, y2] = [Math.min(right + pad, columns), Math.min(bottom + pad, rows)]
  const shape = width / height
  if ((x2 - x1) / (y2 - y1) > shape) [y1, y2] = widened(y1, y2, Math.trunc((x2 - x1) / shape - (y2 - y1)), rows)
  else [x1, x2] = widened(x1, x2, Math.trunc((y2 - y1) * shape - (x2 - x1)), columns)
  return { left: x1, top: y1, right: x2, bottom: y2 }
}

/** A span made longer by `more` on both sides, moved to lie within 0…size, cut where it is longer than that. */
function widened(from: number, to: number, more: number, size: number): [number, number] {
  let start = from - Math.floor(more / 2)
  let end = to + more - Math.floor(more / 2)
  if (end >= size) [start, end] = [start - (end - size), size]
  if (start < 0) [start, end] = [0, end - start]
  return [start, Math.min(end, size)]
}

export function cropped(image: Image, { left, top, right, bottom }: Region): Image {
  const out = new Image(new Uint8Array((right - left) * (bottom - top) * 3), right - left, bottom - top)
  paste(out, image, -left, -top)
  return out
}

/** As large as fits into that size with its shape kept; what is left over takes the colours of the edges. */
export function resizedAndFilled(image: Image, width: number, height: number): Image {
  const isWider = width / height < image.width / image.height
  const inner = isWider
    ? resized(image, width, Math.floor((image.height * width) / image.width))
    : resized(image, Math.floor((image.width * height) / image.height), height)
  const out = new Image(new Uint8Array(width * height * 3), width, height)
  const [x, y] = [half(width) - half(inner.width), half(height) - half(inner.height)]
  paste(out, inner, x, y)
  if (isWider) {
    for (let i = 0; i < y; i++) {
      paste(out, edge(inner, 'top'), 0, i)
      paste(out, edge(inner, 'bottom'), 0, i + y + inner.height)
    }
  } else {
    for (let i = 0; i < x; i++) {
      paste(out, edge(inner, 'left'), i, 0)
      paste(out, edge(inner, 'right'), i + x + inner.width, 0)
    }
  }
  return out
}

/** Small enough to cover that size with its shape kept; what is more is cut off on both sides. */
export function resizedAndCut(image: Image, width: number, height: number): Image {
  const inner =
    width / height > image.width / image.height
      ? resized(image, width, Math.floor((image.height * width) / image.width))
      : resized(image, Math.floor((image.width * height) / image.height), height)
  const out = new Image(new Uint8Array(width * height * 3), width, height)
  paste(out, inner, half(width) - half(inner.width), half(height) - half(inner.height))
  return out
}

/**
 * `original` with `painted` in its region, as far as the mask is white: grey mixes them. diffusers' `apply_overlay`
 * @param mask of the size of `original`
 */
export function overlaid(original: Image, mask: Image, painted: Image, region: Region): Image {
  const { width, height } = original
  const below = new Image(new Uint8Array(width * height * 3), width, height)
  const { left, top, right, bottom } = region
  paste(below, resizedAndCut(painted, right - left, bottom - top), left, top)
  const white = greyLevels(mask.data)
  for (let i = 0; i < width * height; i++) {
    const alpha = 255 - white[i]
    for (let channel = 3 * i; channel < 3 * i + 3; channel++)
      below.data[channel] = mixed(original.data[channel], below.data[channel], alpha)
  }
  return below
}

/** Pillow's `alpha_composite` over an opaque picture, of one whose colours went through premultiplied alpha. */
function mixed(above: number, below: number, alpha: number): number {
  if (alpha === 0) return below
  const premultiplied = overByte(above * alpha + 128)
  const colour = alpha === 255 ? premultiplied : Math.min(255, Math.floor((255 * premultiplied) / alpha))
  return overByte(128 * (colour * alpha + below * (255 - alpha)) + 0x4000) >> 7
}

/** About a 255th, as Pillow's C counts it. */
function overByte(value: number): number {
  return ((value >> 8) + value) >> 8
}

function resized(image: Image, width: number, height: number): Image {
  return new Image(resizeLanczos(image.data, image.width, image.height, width, height), width, height)
}

/**
 * The outermost row or column as Pillow's bicubic `resize` of an empty box at that edge makes it: 9/8 of the last line less
 * 1/8 of the one before.
 */
function edge(image: Image, side: 'top' | 'bottom' | 'left' | 'right'): Image {
  const { width, height, data } = image
  const isRow = side === 'top' || side === 'bottom'
  const [count, size] = isRow ? [width, height] : [height, width]
  const isFirst = side === 'top' || side === 'left'
  const [last, before] = isFirst ? [0, Math.min(1, size - 1)] : [size - 1, Math.max(size - 2, 0)]
  const at = (line: number, i: number) => (isRow ? line * width + i : i * width + line) * 3
  const out = Uint8ClampedArray.from({ length: 3 * count }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3]
    return Math.floor((9 * data[at(last, pixel) + channel] - data[at(before, pixel) + channel] + 4) / 8)
  })
  return new Image(new Uint8Array(out.buffer), isRow ? width : 1, isRow ? 1 : height)
}

/** Into `out`, what of it lies within. */
function paste(out: Image, image: Image, x: number, y: number): void {
  const from = Math.max(0, -x)
  const to = Math.min(image.width, out.width - x)
  if (to <= from) return
  for (let row = Math.max(0, -y); row < Math.min(image.height, out.height - y); row++) {
    const line = image.data.subarray((row * image.width + from) * 3, (row * image.width + to) * 3)
    out.data.set(line, ((row + y) * out.width + x + from) * 3)
  }
}

const half = (size: number) => Math.floor(size / 2)
