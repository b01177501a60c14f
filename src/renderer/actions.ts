import type { FromRenderer } from '../protocol/rendererMessages.js'
import { button } from './dom.js'
import type { Host } from './host.js'
import { icon } from './icons.js'
import { base64, pngOf } from './pixels.js'
import { isWhole, type Picture } from './source.js'

export interface ActionParts {
  host: Host
  /** the picture that is acted on when a button is pressed */
  picture(): Picture
  /** Tells the reader what came of it. */
  say(text: string): void
  /** Chooses it as the first of two to compare; absent where there is no one picture to choose. */
  compare?(): void
}

export interface Actions {
  buttons: HTMLButtonElement[]
  /** The picture is another now. */
  refresh(): void
}

/** Buttons for what can be done with a picture; the ones that need to know how it was made are hidden where that is unknown. */
export function pictureActions({ host, picture, say, compare }: ActionParts): Actions {
  const attempt = (act: () => Promise<void>) => () =>
    void act().catch(error => say(error instanceof Error ? error.message : String(error)))
  const ask = (type: 'copyCode' | 'again' | 'vary') => () => {
    const { made, source } = picture()
    if (made) host.post?.({ type, output: source.output, made })
  }

  const copy = button('Copy picture', attempt(copyPicture), icon('copy'))
  const save = button('Save as PNG', attempt(savePicture), icon('save'))
  const code = button('Copy settings as code', ask('copyCode'), icon('code'))
  const again = button('Again with this seed', ask('again'), icon('again'))
  const vary = button('Vary: the same with a fresh seed', ask('vary'), icon('vary'))
  const choose = button('Compare with another picture', () => compare?.(), icon('compare'))
  const ofMade = [code, ...(host.isTrusted ? [again, vary] : [])]

  async function copyPicture() {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': await pngOf(picture()) })])
    say('Picture copied')
  }

  async function savePicture() {
    const chosen = picture()
    const message: FromRenderer = { type: 'save', png: await base64(await pngOf(chosen)), name: nameOf(chosen) }
    // the PNG of a whole picture tells it already
    if (!isWhole(chosen) && chosen.made) message.parameters = chosen.made.parameters
    host.post?.(message)
  }

  function refresh() {
    const { made } = picture()
    for (const button of ofMade) button.hidden = !made
    if (made?.parameters.seed === undefined) again.hidden = true
  }
  refresh()
  return { buttons: [copy, ...(host.post ? [save, ...ofMade] : []), ...(compare ? [choose] : [])], refresh }
}

/** Of a file: the prompt's first words, and the seed. */
function nameOf({ made }: Picture): string {
  const words = made?.parameters.prompt.match(/[\p{L}\p{M}\p{N}]+/gu)?.slice(0, 6) ?? []
  const seed = made?.parameters.seed
  return [...words, ...(seed === undefined ? [] : [seed])].join('-').toLowerCase()
}
