import type { Picture, Source } from './source.js'

/** One picture is chosen, then another, in any output of the notebook. */
export interface Comparison {
  begin(picture: Picture): void
  /** The first one, where a second is waited for: choosing ends. */
  take(): Picture | undefined
  /** The first one, if there is one. */
  readonly first: Picture | undefined
  /** The picture is no longer there. */
  forget(source: Source): void
  onDidChange(listener: () => void): () => void
}

export function createComparison(): Comparison {
  const listeners = new Set<() => void>()
  let first: Picture | undefined

  function choose(picture: Picture | undefined) {
    if (first === picture) return
    first = picture
    if (picture) document.addEventListener('keydown', cancel, true)
    else document.removeEventListener('keydown', cancel, true)
    for (const listener of listeners) listener()
  }

  function cancel(event: KeyboardEvent) {
    if (event.key !== 'Escape') return
    event.preventDefault()
    event.stopPropagation()
    choose(undefined)
  }

  return {
    begin: choose,
    take() {
      const taken = first
      choose(undefined)
      return taken
    },
    get first() {
      return first
    },
    forget(source) {
      if (first?.source === source) choose(undefined)
    },
    onDidChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
