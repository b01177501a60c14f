/** A picture that can be enlarged and moved in its box. */
export interface Zoom {
  show(content: HTMLElement, size: { width: number; height: number }): void
  /** Enlarges about the middle of the box. */
  by(factor: number): void
  /** px */
  pan(dx: number, dy: number): void
  /** Parts of the picture are outside of the box: it can be moved. */
  readonly isEnlarged: boolean
  /** As large as the box can hold. */
  fit(): void
  /** A pixel of the picture is a pixel of the page. */
  actual(): void
  /** The box has another size: what was fitted is fitted anew. */
  refit(): void
}

const maxScale = 32
/** from here on single pixels are what one looks at */
const pixelScale = 4

/** @param changed told the scale */
export function zoomable(stage: HTMLElement, changed: (scale: number) => void): Zoom {
  let content: HTMLElement | undefined
  let size = { width: 1, height: 1 }
  let isFitted = true
  let [scale, x, y] = [1, 0, 0]

  const box = () => ({ width: stage.clientWidth, height: stage.clientHeight })
  const fitScale = () => Math.min(box().width / size.width, box().height / size.height, maxScale)

  const isEnlarged = () => !isFitted && scale > fitScale()

  function place() {
    if (!content) return
    x = within(x, size.width * scale, box().width)
    y = within(y, size.height * scale, box().height)
    content.style.transform = `translate(${x}px, ${y}px) scale(${scale})`
    content.classList.toggle('sdnb-pixels', scale * devicePixelRatio >= pixelScale && !isFitted)
    stage.classList.toggle('sdnb-movable', isEnlarged())
    changed(scale)
  }

  /** Enlarges so that what is at a place of the box stays there. */
  function zoomAt(wanted: number, atX: number, atY: number) {
    const before = scale
    scale = Math.min(Math.max(wanted, Math.min(fitScale(), 1)), maxScale)
    isFitted = false
    x = atX - ((atX - x) * scale) / before
    y = atY - ((atY - y) * scale) / before
    place()
  }

  const zoomAtMiddle = (wanted: number) => zoomAt(wanted, box().width / 2, box().height / 2)

  function fill() {
    isFitted = true
    scale = fitScale()
    place()
  }

  function at(event: MouseEvent): [number, number] {
    const { left, top } = stage.getBoundingClientRect()
    return [event.clientX - left, event.clientY - top]
  }

  stage.addEventListener(
    'wheel',
    event => {
      // the notebook would scroll
      event.preventDefault()
      event.stopPropagation()
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1
      zoomAt(scale * 1.0015 ** (-event.deltaY * lines), ...at(event))
    },
    { passive: false },
  )
  stage.addEventListener('dblclick', event => (isFitted ? zoomAt(Math.max(1, scale * 2), ...at(event)) : fill()))
  stage.addEventListener('pointerdown', event => {
    if (event.button === 0 && !isFitted) stage.setPointerCapture(event.pointerId)
  })
  stage.addEventListener('pointermove', event => {
    if (stage.hasPointerCapture(event.pointerId)) pan(event.movementX, event.movementY)
  })

  function pan(dx: number, dy: number) {
    x += dx
    y += dy
    place()
  }

  return {
    show(next, { width, height }) {
      content?.remove()
      content = next
      stage.append(next)
      const isAlike = size.width === width && size.height === height
      size = { width, height }
      // pictures of one size are looked at in the same place, one after another
      if (isAlike && !isFitted) place()
      else fill()
    },
    by: factor => zoomAtMiddle(scale * factor),
    pan,
    get isEnlarged() {
      return isEnlarged()
    },
    fit: fill,
    actual: () => zoomAtMiddle(1),
    refit: () => (isFitted ? fill() : place()),
  }
}

/** In the middle where it is smaller than its box, else without a gap at either side. */
const within = (at: number, length: number, room: number) =>
  length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, at))
