/** Passes on each whole line of a text that comes in pieces. */
export function lineSplitter(onLine: (line: string) => void): (text: string) => void {
  let rest = ''
  return text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    lines.forEach(onLine)
  }
}
