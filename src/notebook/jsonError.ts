/** Where and why a text is no JSON (RFC 8259); V8's own messages do not always say. Line and column are 1-based. */
export function jsonErrorAt(text: string): { message: string; line: number; column: number } {
  let at = 0
  const fail = (message: string) => {
    throw new JsonError(message)
  }
  const found = () => (at < text.length ? `found ${JSON.stringify(text[at])}` : 'the text ends here')
  const space = () => {
    while (at < text.length && ' \t\r\n'.includes(text[at])) at++
  }
  const expect = (character: string, what: string) => {
    space()
    if (text[at] !== character) fail(`expected ${what}, ${found()}`)
    at++
  }
  const match = (pattern: RegExp, what: string) => {
    pattern.lastIndex = at
    const [matched] = pattern.exec(text) ?? []
    if (matched === undefined) fail(`expected ${what}, ${found()}`)
    at += matched!.length
  }
  const string = () => {
    if (text[at] !== '"') fail(`expected a string in double quotes, ${found()}`)
    const start = at++
    for (; text[at] !== '"'; at++) {
      if (at >= text.length) {
        at = start
        fail('a string that does not end')
      }
      if (text[at] < ' ') fail('a line break or control character inside a string')
      if (text[at] === '\\') {
        const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
        escaped.lastIndex = at
        const [matched] = escaped.exec(text) ?? []
        if (!matched) fail('an unknown escape in a string')
        at += matched!.length - 1
      }
    }
    at++
  }
  const list = (close: string, what: string, item: () => void) => {
    at++
    space()
    if (text[at] === close) return void at++
    for (;;) {
      space()
      item()
      space()
      if (text[at] === close) return void at++
      expect(',', `, or ${what}`)
    }
  }
  const value = () => {
    space()
    const character = text[at]
    if (character === '{')
      list('}', '}', () => {
        string()
        expect(':', ':')
        value()
      })
    else if (character === '[') list(']', ']', value)
    else if (character === '"') string()
    else match(/true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y, 'a value')
  }
  try {
    value()
    space()
    if (at < text.length) fail(`expected the end of the text, ${found()}`)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    const before = text.slice(0, at).split('\n')
    return { message: error.message, line: before.length, column: before.at(-1)!.length + 1 }
  }
  return { message: 'the text cannot be read', line: 1, column: 1 }
}

class JsonError extends Error {}
