import { element, onKeys } from './dom.js'
import { closeButton, openOverlay } from './overlay.js'
import { cutOf } from './pixels.js'
import { settingsOf } from './settings.js'
import type { Picture } from './source.js'

/** Two pictures over each other: left of a line the one, right of it the other. */
export async function openCompare(root: HTMLElement, left: Picture, right: Picture): Promise<void> {
  const { panel, close } = await openOverlay(root, 'Compare two pictures', () => size.disconnect())

  const under = element('div', 'sdnb-layer', {}, cutOf(right))
  const over = element('div', 'sdnb-layer', {}, cutOf(left))
  const handle = element('div', 'sdnb-handle', {
    ...{ role: 'slider', tabindex: '0', 'aria-label': 'How much of the left picture is shown' },
    ...{ 'aria-valuemin': '0', 'aria-valuemax': '100' },
  })
  const stage = element('div', 'sdnb-stage sdnb-comparing', {}, under, over, handle)
  const bar = element(
    'div',
    'sdnb-bar',
    {},
    element('span', 'sdnb-title', {}, 'Compare'),
    element('span', 'sdnb-said'),
    closeButton(close),
  )
  panel.append(bar, stage, element('div', 'sdnb-facts sdnb-both', {}, ...differences(left, right)))

  let share = 0.5
  let picture = { left: 0, width: 1 }
  function divide(wanted: number) {
    share = Math.min(1, Math.max(0, wanted))
    const at = picture.left + picture.width * share
    over.style.clipPath = `inset(0 ${stage.clientWidth - at}px 0 0)`
    under.style.clipPath = `inset(0 0 0 ${at}px)`
    handle.style.left = `${at}px`
    handle.ariaValueNow = String(Math.round(share * 100))
    handle.ariaValueText = `${Math.round(share * 100)} %`
  }
  /** Both as large as the stage can hold, the second as large as the first. */
  function fill() {
    const { clientWidth, clientHeight } = stage
    const scale = Math.min(clientWidth / left.width, clientHeight / left.height)
    picture = { left: (clientWidth - left.width * scale) / 2, width: left.width * scale }
    for (const [layer, { width, height }] of [
      [over, left],
      [under, right],
    ] as const) {
      const own = Math.min((left.width * scale) / width, (left.height * scale) / height)
      const [x, y] = [(clientWidth - width * own) / 2, (clientHeight - height * own) / 2]
      ;(layer.firstElementChild as HTMLElement).style.transform = `translate(${x}px, ${y}px) scale(${own})`
    }
    divide(share)
  }
  const size = new ResizeObserver(fill)
  size.observe(stage)

  const shareAt = (event: PointerEvent) =>
    (event.clientX - stage.getBoundingClientRect().left - picture.left) / picture.width
  stage.addEventListener('pointerdown', event => {
    if (event.button !== 0) return
    stage.setPointerCapture(event.pointerId)
    divide(shareAt(event))
    event.preventDefault()
    handle.focus({ preventScroll: true })
  })
  stage.addEventListener('pointermove', event => {
    if (stage.hasPointerCapture(event.pointerId)) divide(shareAt(event))
  })
  onKeys(handle, {
    ArrowLeft: () => divide(share - 0.02),
    ArrowRight: () => divide(share + 0.02),
    ArrowDown: () => divide(share - 0.02),
    ArrowUp: () => divide(share + 0.02),
    PageDown: () => divide(share - 0.1),
    PageUp: () => divide(share + 0.1),
    Home: () => divide(0),
    End: () => divide(1),
  })
  fill()
  handle.focus({ preventScroll: true })
}

/** What was different in their making, each at its side; what is the same goes without saying. */
function differences(left: Picture, right: Picture): Node[] {
  const facts = [left, right].map(picture => [
    ...Object.entries({ prompt: picture.made?.parameters.prompt, without: picture.made?.parameters.negativePrompt }),
    ...settingsOf(picture),
  ])
  const names = [...new Set(facts.flat().map(([name]) => name))]
  const factOf = (side: number, name: string) => facts[side].find(([n]) => n === name)?.[1] || '–'
  const different = names.filter(name => factOf(0, name) !== factOf(1, name))
  if (!different.length) return [element('p', '', {}, 'Made alike.')]
  return [0, 1].map(side =>
    element(
      'dl',
      'sdnb-settings-list',
      { 'aria-label': side ? 'Right picture' : 'Left picture' },
      ...different.map(name =>
        element('div', 'sdnb-fact', {}, element('dt', '', {}, name), element('dd', '', {}, factOf(side, name))),
      ),
    ),
  )
}
