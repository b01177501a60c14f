/**
 * What the renderer in a notebook's page and the extension say to each other. VS Code sends it as JSON, so that bytes are base64.
 */
import type { ImageParameters } from './pictures.js'

/** From a notebook's page. */
export type FromRenderer =
  /** end what the kernel runs */
  | { type: 'stop' }
  /** answered by `kernel` */
  | { type: 'kernel' }
  | { type: 'copyCode'; output: string; made: Made }
  /** a cell below the output's that makes the picture again, and runs */
  | { type: 'again'; output: string; made: Made }
  /** the same with a fresh seed */
  | { type: 'vary'; output: string; made: Made }
  | SavePicture

export interface SavePicture {
  type: 'save'
  /** base64 of a PNG */
  png: string
  /** to be written into the PNG: of a picture that was cut out of a grid */
  parameters?: ImageParameters
  /** words for the file's name, as they came: none, or any characters */
  name: string
}

/** To a notebook's page. */
export type ToRenderer = { type: 'kernel'; isBusy: boolean }

/** How a picture was made. */
export interface Made {
  parameters: ImageParameters
  /** its place among the pictures that one generator has drawn: its seed alone makes the first of them only */
  batch?: { index: number; count: number }
}
