import { onKeys } from './dom.js'

/**
 * Makes many buttons one stop of the Tab key: arrows go from one to another, Home and End to the ends. Listens to the container once.
 * @returns takes the buttons, and takes others when they are replaced
 */
export function roving(container: HTMLElement): (items: readonly HTMLElement[]) => void {
  let items: readonly HTMLElement[] = []
  const stopAt = (chosen: HTMLElement) => {
    for (const item of items) item.tabIndex = item === chosen ? 0 : -1
  }
  const go = (find: (from: HTMLElement) => HTMLElement | undefined) => () =>
    find(items.find(item => item === document.activeElement) ?? items[0])?.focus({ preventScroll: true })
  const besides = (by: number) => go(from => items[items.indexOf(from) + by])
  const nearest = (direction: 1 | -1) => go(from => nearestInColumn(from, items, direction))

  container.addEventListener('focusin', event => {
    const item = items.find(item => item === event.target)
    if (item) stopAt(item)
  })
  onKeys(container, {
    ArrowLeft: besides(-1),
    ArrowRight: besides(1),
    ArrowUp: nearest(-1),
    ArrowDown: nearest(1),
    Home: go(() => items[0]),
    End: go(() => items.at(-1)),
  })
  return others => {
    items = others
    if (items.length) stopAt(items[0])
  }
}

/** The nearest item wholly above (-1) or below (1). */
function nearestInColumn(from: HTMLElement, items: readonly HTMLElement[], direction: 1 | -1): HTMLElement | undefined {
  const { left, top } = from.getBoundingClientRect()
  const distances = items.map(item => {
    const box = item.getBoundingClientRect()
    const down = (box.top - top) * direction
    // a row apart by rounding is the same row
    return { item, distance: down > 2 ? down * 1000 + Math.abs(box.left - left) : Infinity }
  })
  return distances.sort((a, b) => a.distance - b.distance).find(({ distance }) => distance < Infinity)?.item
}
