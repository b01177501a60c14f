import { escapeHtml } from './escapeHtml.js'
import { joined, type Metadata, type MimeBundle, type MultilineText, type Output } from './nbformat.js'
import { rasterTypes } from './pictureTypes.js'
import { terminalTextToHtml } from './terminalText.js'

/** The outputs of one cell; '' when there is nothing to see. */
export function outputsToHtml(outputs: Output[], markdownToHtml: (source: string) => string): string {
  const shown = outputs.map(output => outputToHtml(output, markdownToHtml)).filter(Boolean)
  return shown.length ? `<div class="outputs">\n${shown.join('\n')}\n</div>\n` : ''
}

function outputToHtml(output: Output, markdownToHtml: (source: string) => string): string {
  switch (output.output_type) {
    case 'stream':
      return `<pre class="stream ${output.name}">${terminalTextToHtml(joined(output.text)).replace(/^\n+|\n+$/g, '')}</pre>`
    case 'error': {
      const traceback = joined(output.traceback.join('\n')) || `${output.ename}: ${output.evalue}`
      return `<pre class="error">${terminalTextToHtml(traceback).replace(/\n$/, '')}</pre>`
    }
    default:
      return bundleToHtml(output.data, output.metadata, markdownToHtml)
  }
}

const progressType = 'application/vnd.sdnb.progress+json'

/** The richest type that a page without scripts can show. */
function bundleToHtml(data: MimeBundle, metadata: Metadata, markdownToHtml: (source: string) => string): string {
  const text = (type: string) => joined(data[type] as MultilineText)
  if (data[progressType]) return progressToHtml(data[progressType] as ProgressReport, text('text/plain'))
  const raster = Object.keys(rasterTypes).find(type => data[type])
  if (raster) return imageToHtml(raster, text(raster).replace(/\s/g, ''), data, metadata)
  if (data['image/svg+xml'])
    return imageToHtml('image/svg+xml', Buffer.from(text('image/svg+xml')).toString('base64'), data, metadata)
  if (data['text/html'])
    return `<iframe sandbox title="output" srcdoc="${escapeHtml(framed(text('text/html')))}"></iframe>`
  if (data['text/markdown']) return `<div class="text">${markdownToHtml(text('text/markdown'))}</div>`
  const plain = data['text/plain'] ?? data['text/latex']
  if (plain !== undefined) return `<pre class="result">${terminalTextToHtml(joined(plain as MultilineText))}</pre>`
  const jsonType = Object.keys(data).find(type => type === 'application/json' || type.endsWith('+json'))
  return jsonType ? `<pre class="result">${escapeHtml(JSON.stringify(data[jsonType], null, 2))}</pre>` : ''
}

interface ProgressReport {
  step: number
  total: number
  done: boolean
}

function progressToHtml({ step, total, done }: ProgressReport, text: string): string {
  const percent = total > 0 ? Math.round((100 * step) / total) : 0
  const bar = `<span class="bar"><span style="width:${percent}%"></span></span>`
  return `<div class="progress${done ? ' done' : ''}">${bar}${escapeHtml(text)}</div>`
}

function imageToHtml(type: string, base64: string, data: MimeBundle, metadata: Metadata): string {
  const told = { ...metadata, ...(metadata[type] as Metadata | undefined) }
  const size = typeof told.width === 'number' && typeof told.height === 'number' ? told : pngSize(type, base64)
  const dimensions = size ? ` width="${size.width}" height="${size.height}"` : ''
  const alt = data['text/plain'] === undefined ? 'picture' : joined(data['text/plain'] as MultilineText)
  return `<figure><img src="data:${type};base64,${escapeHtml(base64)}" alt="${escapeHtml(alt)}"${dimensions}></figure>`
}

/** PNG, RFC 2083 section 4.1.1: the first chunk is IHDR, with width and height at bytes 16 and 20. */
function pngSize(type: string, base64: string): Metadata | undefined {
  const header = Buffer.from(base64.slice(0, 32), 'base64')
  if (type !== 'image/png' || header.length < 24) return undefined
  return { width: header.readUInt32BE(16), height: header.readUInt32BE(20) }
}

function framed(html: string): string {
  return `<!doctype html><meta name="color-scheme" content="light dark"><style>body{margin:.75rem;font:15px/1.5 system-ui,sans-serif}table{border-collapse:collapse}th,td{padding:.25em .6em;border-bottom:1px solid #8884}</style>${html}`
}
