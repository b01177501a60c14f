import { extname } from 'node:path'
import { outputToMarkdown } from './markdownOutputs.js'
import { fenced } from './markdownText.js'
import { type Cell, type CodeCell, joined, type MimeBundle, type MultilineText, type Notebook } from './nbformat.js'
import { rasterTypes } from './pictureTypes.js'

/** Text, and the pictures that it shows. */
export interface MarkdownFiles {
  text: string
  pictures: PictureFile[]
}

export interface PictureFile {
  /** `NAME_files/NAME_3_0.png`, from where the text lies: the third cell's first output, both counted from 0, as nbconvert names them */
  path: string
  bytes: Uint8Array
}

/** Writes a picture; what comes back stands in the text for it. */
export type AddPicture = (extension: string, bytes: Uint8Array) => string

/**
 * GitHub-flavoured Markdown. Pictures, attached ones too, are files: GitHub shows no `data:` pictures.
 * @param name the text's file name without its ending
 */
export function notebookToMarkdown({ cells }: Notebook, name: string): MarkdownFiles {
  const pictures: PictureFile[] = []
  const blocks = cells.flatMap((cell, cellIndex) => {
    const picture =
      (index: number): AddPicture =>
      (extension, bytes) => {
        const path = `${name}_files/${name}_${cellIndex}_${index}.${extension}`
        pictures.push({ path, bytes })
        return encodeURI(path).replace(/[()?#]/g, character => `%${character.charCodeAt(0).toString(16)}`)
      }
    return cellToMarkdown(cell, picture)
  })
  const text = blocks.map(block => block.replace(/^(?:[^\S\n]*\n)+|\s+$/g, '')).filter(Boolean)
  return { text: `${text.join('\n\n')}\n`, pictures }
}

function cellToMarkdown(cell: Cell, picture: (index: number) => AddPicture): string[] {
  switch (cell.cell_type) {
    case 'markdown':
      return [withAttachments(joined(cell.source), cell.attachments ?? {}, picture)]
    case 'raw':
      return isForMarkdown(cell.metadata.raw_mimetype ?? cell.metadata.format ?? '') ? [joined(cell.source)] : []
    case 'code':
      return codeCellToMarkdown(cell, picture)
  }
}

/** nbconvert's rule: raw cells made for Markdown, for HTML, which Markdown takes, or for nothing special. */
function isForMarkdown(mimeType: unknown): boolean {
  return ['text/markdown', 'text/html', ''].includes(String(mimeType).toLowerCase())
}

function codeCellToMarkdown(cell: CodeCell, picture: (index: number) => AddPicture): string[] {
  const source = joined(cell.source)
  const outputs = cell.outputs.map((output, index) => outputToMarkdown(output, picture(index)))
  return source.trim() ? [fenced(source, 'ts'), ...outputs] : outputs
}

/** A cell's attached pictures become files, and its `attachment:…` addresses lead there. */
function withAttachments(
  source: string,
  attachments: Record<string, MimeBundle>,
  picture: (index: number) => AddPicture,
): string {
  const targets = new Map<string, string>()
  for (const [index, [name, bundle]] of Object.entries(attachments).entries()) {
    const [type] = Object.keys(bundle)
    if (!type) continue
    const extension = rasterTypes[type] ?? (extname(name).slice(1) || 'bin')
    const content = joined(bundle[type] as MultilineText)
    const target = picture(index)(extension, Buffer.from(content, type === 'image/svg+xml' ? 'utf8' : 'base64'))
    for (const spelling of [name, encodeURI(name), encodeURIComponent(name)])
      targets.set(`attachment:${spelling}`, target)
  }
  // the longest first: a.png begins a.png.png, too
  const addresses = [...targets.keys()].sort((a, b) => b.length - a.length)
  return addresses.reduce((text, address) => text.replaceAll(address, targets.get(address)!), source)
}
