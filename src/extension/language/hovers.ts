import { type Disposable, Hover, languages } from 'vscode'
import { selector } from './cells.js'
import { untrusted } from './markdown.js'
import { rangeIn } from './places.js'
import type { Servers } from './servers.js'

export function registerHovers(servers: Servers): Disposable {
  return languages.registerHoverProvider(selector, {
    async provideHover(document, position, token) {
      const offset = document.offsetAt(position)
      const hover = await servers.ask(document, (server, cell, signal) => server.hover({ cell, offset }, signal), token)
      return hover && new Hover(untrusted(hover.contents), rangeIn(document, hover.range))
    },
  })
}
