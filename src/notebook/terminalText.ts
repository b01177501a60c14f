import { escapeHtml } from './escapeHtml.js'

/** What a terminal would show of a program's output, as HTML: SGR colours become spans, a carriage return overwrites its line. */
export function terminalTextToHtml(text: string): string {
  let html = ''
  let look: Look = {}
  for (const [, sgr, plain] of overwritten(text).matchAll(sgrOrText)) {
    if (sgr !== undefined) look = changed(look, sgr)
    else html += styled(plain, look)
  }
  return html
}

/** The same without colours. */
export function terminalTextToPlain(text: string): string {
  return Array.from(overwritten(text).matchAll(sgrOrText), ([, , plain = '']) => plain).join('')
}

// ECMA-48: ESC [ parameters letter; only the letter m sets colours. ESC ] … BEL sets a title or a link.
const esc = '\u001b'
const sgrOrText = RegExp(`${esc}\\[([\\d;]*)m|([^${esc}]+)`, 'g')
const otherSequence = RegExp(`${esc}\\[[?\\d;]*[A-Za-ln-z]|${esc}(?!\\[)`, 'g')
const titleOrLink = RegExp(`${esc}\\][^\u0007${esc}]*(?:\u0007|${esc}\\\\)`, 'g')

interface Look {
  colour?: string
  background?: string
  bold?: boolean
  dim?: boolean
  italic?: boolean
  underline?: boolean
}

const colourNames = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

function overwritten(text: string): string {
  const colourOnly = text.replace(titleOrLink, '').replace(otherSequence, '').replace(/\r+\n/g, '\n')
  return colourOnly.split('\n').map(lastWritten).join('\n')
}

function lastWritten(line: string): string {
  if (!line.includes('\r')) return line
  return line.split('\r').reduce((below, above) => above + below.slice(above.length))
}

function changed(before: Look, sgr: string): Look {
  let look = { ...before }
  const codes = sgr.split(';').map(Number)
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]
    if (code === 0) look = {}
    else if (code === 1) look.bold = true
    else if (code === 2) look.dim = true
    else if (code === 3) look.italic = true
    else if (code === 4) look.underline = true
    else if (code === 22) look = { ...look, bold: false, dim: false }
    else if (code === 23) look.italic = false
    else if (code === 24) look.underline = false
    else if (code === 39) look.colour = undefined
    else if (code === 49) look.background = undefined
    else if (code >= 30 && code <= 37) look.colour = named(code - 30)
    else if (code >= 90 && code <= 97) look.colour = named(code - 90)
    else if (code >= 40 && code <= 47) look.background = named(code - 40)
    else if (code >= 100 && code <= 107) look.background = named(code - 100)
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(i + 1))
      look[code === 38 ? 'colour' : 'background'] = colour
      i += used
    }
  }
  return look
}

const named = (index: number) => `var(--ansi-${colourNames[index]})`

/** ISO 8613-6: `5;n` is one of 256 colours, `2;r;g;b` a true one. */
function extended([kind, ...rest]: number[]): [colour: string | undefined, used: number] {
  if (kind === 2) return [`rgb(${rest.slice(0, 3).join(' ')})`, 4]
  if (kind !== 5) return [undefined, 0]
  const n = rest[0]
  if (n < 16) return [named(n % 8), 2]
  if (n >= 232)
    return [
      `rgb(${Array(3)
        .fill(8 + 10 * (n - 232))
        .join(' ')})`,
      2,
    ]
  const level = (digit: number) => (digit === 0 ? 0 : 55 + 40 * digit)
  const [r, g, b] = [Math.floor((n - 16) / 36), Math.floor((n - 16) / 6) % 6, (n - 16) % 6]
  return [`rgb(${level(r)} ${level(g)} ${level(b)})`, 2]
}

function styled(text: string, look: Look): string {
  const css = [
    look.colour && `color:${look.colour}`,
    look.background && `background:${look.background}`,
    look.bold && 'font-weight:600',
    look.dim && 'opacity:.7',
    look.italic && 'font-style:italic',
    look.underline && 'text-decoration:underline',
  ].filter(Boolean)
  return css.length ? `<span style="${css.join(';')}">${escapeHtml(text)}</span>` : escapeHtml(text)
}
