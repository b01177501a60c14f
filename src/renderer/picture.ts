import { pictureActions } from './actions.js'
import { openCompare } from './compare.js'
import type { Comparison } from './comparison.js'
import { element, keepPresses } from './dom.js'
import type { Host } from './host.js'
import { closeOverlay } from './overlay.js'
import { roving } from './roving.js'
import { commonSettings, settingsLine, settingsOf } from './settings.js'
import { createSource, type Picture, picturesOf, type Source } from './source.js'
import type { View } from './view.js'
import { openViewer } from './viewer.js'

/** How long the reader is told what came of an action, ms. */
const saidMs = 2500

/** A picture, or a grid of them, at natural size; below it how it was made, and what can be done with it. */
export function pictureView(root: HTMLElement, output: string, host: Host, comparison: Comparison): View {
  const image = element('img', 'sdnb-image', { draggable: 'false' })
  const tiles = element('div', 'sdnb-tiles')
  const frame = element('div', 'sdnb-frame', {}, image, tiles)
  const prompt = element('div', 'sdnb-prompt')
  const settings = element('div', 'sdnb-settings')
  const said = element('div', 'sdnb-said', { role: 'status' })
  const words = element('div', 'sdnb-words', {}, prompt, element('div', 'sdnb-line', {}, settings, said))
  const toolbar = element('div', 'sdnb-actions', { role: 'toolbar', 'aria-label': 'Picture' })
  const caption = element('div', 'sdnb-caption', {}, words, toolbar)
  root.append(frame, caption)
  keepPresses(root)
  const roveTiles = roving(tiles)
  const roveToolbar = roving(toolbar)

  let source: Source | undefined
  let pictures: Picture[] = []
  let fingerprint = ''
  let isGone = false
  let silence: ReturnType<typeof setTimeout> | undefined

  function say(text: string) {
    said.textContent = text
    clearTimeout(silence)
    silence = setTimeout(() => {
      said.textContent = ''
    }, saidMs)
  }

  function describe(picture?: Picture) {
    const { prompt: text, settings: line } = picture ? describeOne(picture) : describeAll(pictures)
    prompt.textContent = text
    prompt.title = text
    settings.textContent = line
  }

  function choose(index: number) {
    const isWaiting = comparison.first !== undefined
    const first = comparison.take()
    if (isWaiting && first === pictures[index]) return
    if (first) void openCompare(root, first, pictures[index])
    else
      void openViewer(index, {
        ...{ root, host, comparison, pictures },
        left: last => (tiles.children[last] as HTMLElement | undefined)?.focus({ preventScroll: true }),
      })
  }

  function layOut(details: unknown) {
    const { width, height } = source!
    pictures = picturesOf(source!, details)
    frame.style.width = `${width}px`
    frame.style.aspectRatio = `${width} / ${height}`
    caption.style.setProperty('--sdnb-width', `${width}px`)
    caption.classList.toggle('sdnb-short', !pictures.some(({ made }) => made))
    image.alt = describeAll(pictures).prompt
    const focused = [...tiles.children].indexOf(document.activeElement!)
    const made = pictures.map(tile)
    tiles.replaceChildren(...made)
    roveTiles(made)
    made[focused]?.focus({ preventScroll: true })
    describe()
    actOn(pictures.length === 1 ? pictures[0] : { source: source!, x: 0, y: 0, width, height })
  }

  function tile(picture: Picture, index: number): HTMLElement {
    const percent = (part: number, whole: number) => `${(part / whole) * 100}%`
    const { width, height } = picture.source
    const place = pictures.length > 1 ? `Picture ${index + 1} of ${pictures.length}` : 'Picture'
    const { prompt, settings } = describeOne(picture)
    const made = element('button', 'sdnb-tile', {
      type: 'button',
      'aria-label': [place, prompt, settings].filter(Boolean).join(', '),
    })
    made.style.left = percent(picture.x, width)
    made.style.top = percent(picture.y, height)
    made.style.width = percent(picture.width, width)
    made.style.height = percent(picture.height, height)
    made.addEventListener('click', () => choose(index))
    for (const begin of ['pointerenter', 'focus']) made.addEventListener(begin, () => describe(picture))
    for (const end of ['pointerleave', 'blur']) made.addEventListener(end, () => describe())
    return made
  }

  function actOn(picture: Picture) {
    const compare = pictures.length === 1 ? () => comparison.begin(picture) : undefined
    const { buttons } = pictureActions({ host, picture: () => picture, say, ...(compare && { compare }) })
    toolbar.replaceChildren(...buttons)
    roveToolbar(buttons.filter(({ hidden }) => !hidden))
  }

  const unlisten = comparison.onDidChange(() => {
    const { first } = comparison
    root.classList.toggle('sdnb-choosing', first !== undefined)
    clearTimeout(silence)
    said.textContent = first?.source === source && source ? 'Choose another picture, in any output (Esc: none)' : ''
    for (const [index, picture] of pictures.entries())
      tiles.children[index].classList.toggle('sdnb-first', picture === first)
  })

  return {
    async show(item, signal) {
      const bytes = item.data()
      const details = (item.metadata as { sdnb?: { image?: unknown } } | undefined)?.sdnb?.image
      const now = `${fingerprintOf(bytes)} ${JSON.stringify(details)}`
      if (now === fingerprint) return
      const next = createSource(output, bytes)
      // decoded before it is shown, so that what is there stays until then
      const loading = new Image()
      loading.src = next.url
      try {
        if (source) await loading.decode()
        if (signal.aborted || isGone) return URL.revokeObjectURL(next.url)
      } catch {
        throw failed(next)
      }
      fingerprint = now
      closeOverlay(root)
      forget()
      source = next
      layOut(details)
      image.src = next.url
      await image.decode().catch(() => {
        if (source === next && !signal.aborted) throw failed(next)
      })
    },
    dispose() {
      isGone = true
      closeOverlay(root)
      clearTimeout(silence)
      unlisten()
      forget()
    },
  }

  function forget() {
    if (!source) return
    comparison.forget(source)
    URL.revokeObjectURL(source.url)
    source = undefined
  }
}

function describeOne(picture: Picture): { prompt: string; settings: string } {
  const { prompt = '', negativePrompt } = picture.made?.parameters ?? {}
  const without = negativePrompt ? `  —  without ${negativePrompt}` : ''
  return { prompt: prompt + without, settings: settingsLine(settingsOf(picture)) }
}

function describeAll(pictures: readonly Picture[]): { prompt: string; settings: string } {
  if (pictures.length === 1) return describeOne(pictures[0])
  const [first, ...others] = pictures.map(({ made }) => made?.parameters.prompt)
  const count = `${pictures.length} pictures`
  const isOne = first !== undefined && others.every(prompt => prompt === first)
  const line = settingsLine(commonSettings(pictures))
  return { prompt: isOne ? first : count, settings: isOne ? [count, line].filter(Boolean).join('  ·  ') : line }
}

/** Tells one picture from another, not against who means to mislead it: FNV-1a. */
function fingerprintOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return `${bytes.length} ${hash}`
}

function failed({ png, url }: Source): Error {
  URL.revokeObjectURL(url)
  return new Error(`This picture cannot be shown: its PNG of ${png.size} bytes is damaged. Run the cell again.`)
}
