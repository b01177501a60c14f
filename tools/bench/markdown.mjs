/** A Markdown table that is read as well in a terminal. */
export function table(head, rows) {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map(row => row[i].length)))
  const line = cells => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

export const s = seconds => `${seconds.toFixed(2)} s`
export const ms = seconds => `${(1000 * seconds).toFixed(0)} ms`
export const gb = bytes => (bytes === undefined ? '–' : `${(bytes / 1e9).toFixed(2)} GB`)
export const times = ratio => `${ratio.toFixed(2)} ×`

/** Median, and the least and the most where there are several. */
export const range = ({ median, min, max, times }, show = s) =>
  times.length === 1 ? show(median) : `${show(median)} (${bare(show(min))} to ${bare(show(max))})`

const bare = text => text.replace(/ .*/, '')
