import { type Disposable, Location, languages } from 'vscode'
import { notebookOf, selector } from './cells.js'
import { placeOf } from './places.js'
import type { Servers } from './servers.js'

export function registerDefinitions(servers: Servers): Disposable {
  return languages.registerDefinitionProvider(selector, {
    async provideDefinition(document, position, token) {
      const notebook = notebookOf(document)
      const offset = document.offsetAt(position)
      const found = await servers.ask(
        document,
        (server, cell, signal) => server.definition({ cell, offset }, signal),
        token,
      )
      if (!notebook || !found) return undefined
      const locations = await Promise.all(
        found.map(async location => {
          const place = await placeOf(notebook, location)
          return place ? [new Location(place.uri, place.rangeOf(location))] : []
        }),
      )
      return locations.flat()
    },
  })
}
