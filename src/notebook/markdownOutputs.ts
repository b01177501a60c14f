import type { AddPicture } from './markdown.js'
import { altText, fenced, htmlBlock, mathBlock } from './markdownText.js'
import { joined, type MimeBundle, type MultilineText, type Output } from './nbformat.js'
import { rasterTypes } from './pictureTypes.js'
import { terminalTextToPlain } from './terminalText.js'

/** One output as a block of Markdown; '' when there is nothing to see. */
export function outputToMarkdown(output: Output, picture: AddPicture): string {
  switch (output.output_type) {
    case 'stream':
      return plain(joined(output.text))
    case 'error':
      return plain(output.traceback.join('\n') || `${output.ename}: ${output.evalue}`)
    default:
      return bundleToMarkdown(output.data, picture)
  }
}

/** The richest type that Markdown can show. */
function bundleToMarkdown(data: MimeBundle, picture: AddPicture): string {
  const text = (type: string) => joined((data[type] ?? '') as MultilineText)
  const alt = altText(text('text/plain')) || 'picture'
  const raster = Object.keys(rasterTypes).find(type => data[type])
  if (raster) return `![${alt}](${picture(rasterTypes[raster], Buffer.from(text(raster), 'base64'))})`
  if (data['image/svg+xml']) return `![${alt}](${picture('svg', Buffer.from(text('image/svg+xml')))})`
  if (data['text/markdown']) return text('text/markdown')
  const html = data['text/html'] ? htmlBlock(text('text/html')) : undefined
  if (html) return html
  if (data['text/latex']) return mathBlock(text('text/latex'))
  if (data['text/plain'] !== undefined) return plain(text('text/plain'))
  if (data['text/html']) return fenced(text('text/html'), 'html')
  const jsonType = Object.keys(data).find(type => type === 'application/json' || type.endsWith('+json'))
  return jsonType ? fenced(JSON.stringify(data[jsonType], null, 2), 'json') : ''
}

function plain(text: string): string {
  const shown = terminalTextToPlain(text).replace(/^\n+|\n+$/g, '')
  return shown.trim() ? fenced(shown, 'text') : ''
}
