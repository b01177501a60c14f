import { button, element, keepPresses, onKeys } from './dom.js'
import { icon } from './icons.js'
import { scrollIntoSight } from './scrollIntoSight.js'
import { visibleBox } from './visibleBox.js'

export interface Overlay {
  panel: HTMLElement
  close(): void
}

/** px; where less is free below the output's top, the notebook is scrolled */
const wantedHeight = 420
/** px; with less, bar and settings would leave nothing of the picture */
const leastHeight = 240
const maxHeight = 900
const margin = 8

const open = new WeakMap<HTMLElement, Overlay>()

/**
 * A dialog over one output, all of it in sight. The editors of the cells lie above the page of outputs, so an overlay of the whole page
 * would be covered by them: this one stays in the output's own frame, and makes the frame larger when it has to.
 * @param closed called when it has been closed, and told whether it had the focus, which its opener has now
 */
export async function openOverlay(
  root: HTMLElement,
  label: string,
  closed: (hadFocus: boolean) => void,
): Promise<Overlay> {
  const opener = document.activeElement
  const seen = await visibleBox()
  closeOverlay(root)
  const frame = root.getBoundingClientRect()
  const visible = seen.bottom - seen.top - 2 * margin
  const top = Math.max(0, seen.top + margin - frame.top)
  const room = seen.bottom - margin - (frame.top + top)
  const height = Math.min(maxHeight, Math.max(room, Math.min(wantedHeight, visible), leastHeight))

  const panel = element('div', 'sdnb-overlay', { role: 'dialog', 'aria-label': label, tabindex: '-1' })
  panel.style.top = `${top}px`
  setHeight(height)
  root.classList.add('sdnb-covered')
  root.append(panel)
  const overlay = { panel, close }
  open.set(root, overlay)
  onKeys(panel, { Escape: close })
  keepPresses(panel)
  panel.focus({ preventScroll: true })
  void scrollIntoSight(panel, margin).then(missing => {
    if (missing && open.get(root) === overlay) setHeight(Math.max(leastHeight, height - missing))
  })
  return overlay

  function setHeight(px: number) {
    panel.style.height = `${Math.round(px)}px`
    root.style.minHeight = `${top + Math.round(px)}px`
  }

  function close() {
    if (open.get(root) !== overlay) return
    open.delete(root)
    const hadFocus = panel.contains(document.activeElement)
    panel.remove()
    root.style.minHeight = ''
    root.classList.remove('sdnb-covered')
    if (hadFocus && opener instanceof HTMLElement) opener.focus({ preventScroll: true })
    closed(hadFocus)
  }
}

/** In the corner of the panel, wherever the other buttons are. */
export function closeButton(close: () => void): HTMLButtonElement {
  const made = button('Close', close, icon('close'), 'Esc')
  made.classList.add('sdnb-close')
  return made
}

export const closeOverlay = (root: HTMLElement): void => open.get(root)?.close()
