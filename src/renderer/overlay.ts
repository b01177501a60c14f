import { button, element, keepPresses, onKeys } from './dom.js'
import { icon } from './icons.js'
import { visibleBox } from './visibleBox.js'

export interface Overlay {
  panel: HTMLElement
  close(): void
}

/** px; less than that shows too little of a picture */
const minHeight = 420
const maxHeight = 900
const margin = 8

const open = new WeakMap<HTMLElement, Overlay>()

/**
 * A dialog over one output. The editors of the cells lie above the page of outputs, so an overlay of the whole page would be
 * covered by them: this one stays in the output's own frame, at the part that can be seen, and makes the frame larger when it
 * has to.
 * @param closed called when it has been closed
 */
export async function openOverlay(root: HTMLElement, label: string, closed: () => void): Promise<Overlay> {
  const opener = document.activeElement
  const seen = await visibleBox()
  closeOverlay(root)
  const frame = root.getBoundingClientRect()
  const top = Math.max(0, seen.top + margin - frame.top)
  const room = seen.bottom - margin - (frame.top + top)
  const wanted = Math.max(room, Math.min(minHeight, seen.bottom - seen.top - 2 * margin))
  const height = Math.round(Math.min(maxHeight, Math.max(wanted, 240)))

  const panel = element('div', 'sdnb-overlay', { role: 'dialog', 'aria-label': label, tabindex: '-1' })
  panel.style.cssText = `top: ${top}px; height: ${height}px`
  root.style.minHeight = `${top + height}px`
  root.classList.add('sdnb-covered')
  root.append(panel)
  const overlay = { panel, close }
  open.set(root, overlay)
  onKeys(panel, { Escape: close })
  keepPresses(panel)
  panel.focus({ preventScroll: true })
  return overlay

  function close() {
    if (open.get(root) !== overlay) return
    open.delete(root)
    const hadFocus = panel.contains(document.activeElement)
    panel.remove()
    root.style.minHeight = ''
    root.classList.remove('sdnb-covered')
    if (hadFocus && opener instanceof HTMLElement) opener.focus({ preventScroll: true })
    closed()
  }
}

/** In the corner of the panel, wherever the other buttons are. */
export function closeButton(close: () => void): HTMLButtonElement {
  const made = button('Close', close, icon('close'))
  made.classList.add('sdnb-close')
  return made
}

export const closeOverlay = (root: HTMLElement): void => open.get(root)?.close()
