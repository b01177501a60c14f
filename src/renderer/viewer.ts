import { pictureActions } from './actions.js'
import type { Comparison } from './comparison.js'
import { button, element, onKeys } from './dom.js'
import type { Host } from './host.js'
import { icon } from './icons.js'
import { closeButton, openOverlay } from './overlay.js'
import { cutOf } from './pixels.js'
import { settingsOf } from './settings.js'
import type { Picture } from './source.js'
import { zoomable } from './zoom.js'

export interface ViewerParts {
  root: HTMLElement
  host: Host
  comparison: Comparison
  /** the pictures of the output */
  pictures: readonly Picture[]
  /** Closed while it had the focus: told which picture was shown last. */
  left(index: number): void
}

const zoomStep = 1.25
/** px */
const panStep = 48

/** Shows one picture of an output as large as it can be seen, how it was made, and what can be done with it. */
export async function openViewer(index: number, parts: ViewerParts): Promise<void> {
  const { root, host, comparison, pictures } = parts
  const { panel, close } = await openOverlay(root, 'Picture viewer', hadFocus => {
    size.disconnect()
    if (hadFocus) parts.left(index)
  })

  const place = element('span', 'sdnb-place')
  const said = element('span', 'sdnb-said', { role: 'status' })
  const percent = element('span', 'sdnb-percent', { 'aria-label': 'Zoom' })
  const stage = element('div', 'sdnb-stage')
  const facts = element('div', 'sdnb-facts')
  const zoom = zoomable(stage, scale => {
    percent.textContent = `${Math.round(scale * 100)} %`
  })
  const actions = pictureActions({
    host,
    picture: () => pictures[index],
    say: text => {
      said.textContent = text
    },
    compare() {
      const picture = pictures[index]
      close()
      comparison.begin(picture)
    },
  })
  const previous = button('Previous picture', () => show(index - 1), icon('previous'), 'Page Up')
  const next = button('Next picture', () => show(index + 1), icon('next'), 'Page Down')
  const pager = pictures.length > 1 ? [group('', previous, place, next)] : []
  const bar = element(
    'div',
    'sdnb-bar',
    { role: 'toolbar', 'aria-label': 'Viewer' },
    ...pager,
    group(
      'sdnb-zoom',
      button('Zoom out', () => zoom.by(1 / zoomStep), icon('zoomOut'), '-'),
      percent,
      button('Zoom in', () => zoom.by(zoomStep), icon('zoomIn'), '+, then arrow keys move the picture'),
      button('Fit', zoom.fit, icon('fit'), '0'),
      button('Actual size', zoom.actual, icon('actual'), '1'),
    ),
    said,
    group('', ...actions.buttons),
    closeButton(close),
  )
  panel.append(bar, stage, facts)
  onKeys(panel, {
    // as viewers of pictures have it: what is enlarged is moved, else there are others beside it
    ArrowLeft: () => (zoom.isEnlarged ? zoom.pan(panStep, 0) : show(index - 1)),
    ArrowRight: () => (zoom.isEnlarged ? zoom.pan(-panStep, 0) : show(index + 1)),
    ArrowUp: () => zoom.pan(0, panStep),
    ArrowDown: () => zoom.pan(0, -panStep),
    PageUp: () => show(index - 1),
    PageDown: () => show(index + 1),
    '+': () => zoom.by(zoomStep),
    '=': () => zoom.by(zoomStep),
    '-': () => zoom.by(1 / zoomStep),
    '0': zoom.fit,
    '1': zoom.actual,
  })
  const size = new ResizeObserver(() => zoom.refit())
  size.observe(stage)
  show(index)

  function show(wanted: number) {
    const picture = pictures[wanted]
    if (!picture) return
    index = wanted
    place.textContent = `${index + 1} of ${pictures.length}`
    // a button that goes off while it has the focus would lose it to the page
    previous.ariaDisabled = String(index === 0)
    next.ariaDisabled = String(index === pictures.length - 1)
    zoom.show(cutOf(picture), picture)
    facts.replaceChildren(...factsOf(picture))
    said.textContent = ''
    actions.refresh()
  }
}

const group = (className: string, ...children: Node[]) => element('span', `sdnb-group ${className}`, {}, ...children)

function factsOf(picture: Picture): Node[] {
  const { prompt, negativePrompt } = picture.made?.parameters ?? {}
  const settings = settingsOf(picture).flatMap(([name, value]) => [
    element('div', 'sdnb-fact', {}, element('dt', '', {}, name), element('dd', '', {}, value)),
  ])
  return [
    ...(prompt ? [element('p', 'sdnb-whole-prompt', {}, prompt)] : []),
    ...(negativePrompt ? [element('p', 'sdnb-negative', {}, `without ${negativePrompt}`)] : []),
    element('dl', 'sdnb-settings-list', {}, ...settings),
  ]
}
