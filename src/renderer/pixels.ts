import { element } from './dom.js'
import { isWhole, type Picture } from './source.js'

/** A PNG of the picture: the bytes it came with, or those of its tile alone. */
export async function pngOf(picture: Picture): Promise<Blob> {
  const { source, x, y, width, height } = picture
  if (isWhole(picture)) return source.png
  const tile = await createImageBitmap(source.png, x, y, width, height, { colorSpaceConversion: 'none' })
  const canvas = new OffscreenCanvas(width, height)
  canvas.getContext('2d')!.drawImage(tile, 0, 0)
  tile.close()
  return canvas.convertToBlob({ type: 'image/png' })
}

export async function base64(blob: Blob): Promise<string> {
  const reader = new FileReader()
  const read = new Promise((resolve, reject) => {
    reader.onload = resolve
    reader.onerror = () => reject(reader.error)
  })
  reader.readAsDataURL(blob)
  await read
  const url = reader.result as string
  return url.slice(url.indexOf(',') + 1)
}

/** A view of the picture at natural size, which does not copy its pixels. */
export function cutOf({ source, x, y, width, height }: Picture): HTMLElement {
  const image = element('img', '', { alt: '', draggable: 'false', src: source.url })
  image.style.cssText = `left: ${-x}px; top: ${-y}px; width: ${source.width}px; height: ${source.height}px`
  const cut = element('div', 'sdnb-cut', {}, image)
  cut.style.cssText = `width: ${width}px; height: ${height}px`
  return cut
}
