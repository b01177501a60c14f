import type ts from 'typescript'
import compiler from './compiler.js'

/** A documentation comment as Markdown: its text, then its tags. */
export function markdownOf(
  documentation: ts.SymbolDisplayPart[] | undefined,
  tags: ts.JSDocTagInfo[] | undefined,
): string {
  return [text(documentation), ...(tags ?? []).map(tag)].filter(Boolean).join('\n\n')
}

/** A piece of TypeScript. */
export const codeBlock = (code: string) => `\`\`\`typescript\n${code}\n\`\`\``

function tag({ name, text: parts }: ts.JSDocTagInfo): string {
  const content = text(parts)
  if (name === 'example') return `*@example*\n\n${content.includes('```') ? content : codeBlock(content)}`
  const named = parts?.find(({ kind }) => kind === 'parameterName' || kind === 'typeParameterName')
  if (!named) return `*@${name}*${content && ` ${content}`}`
  const rest = content.slice(content.indexOf(named.text) + named.text.length).replace(/^[\s-]+/, '')
  return `*@${name}* \`${named.text}\`${rest && ` ${rest}`}`
}

/** `{@link name text}` becomes its text, or the name where it has none. */
function text(parts: ts.SymbolDisplayPart[] | undefined): string {
  const links = (parts ?? []).map((part, i, all) => {
    if (part.kind === 'link') return { ...part, text: '' }
    if (part.kind === 'linkName' && all[i + 1]?.kind === 'linkText') return { ...part, text: '' }
    if (part.kind === 'linkName') return { ...part, text: `\`${part.text}\`` }
    if (part.kind !== 'linkText') return part
    const [, url, title] = /^(https?:\S+)\s*\|?\s*(.*)$/.exec(part.text) ?? []
    return { ...part, text: url ? `[${title || url}](${url})` : part.text }
  })
  return compiler.displayPartsToString(links).trim()
}
