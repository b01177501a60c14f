/** How far a long call of a cell has come: one display, updated in place, `text/plain` beside it. */
export const progressType = 'application/vnd.sdnb.progress+json'

export interface ProgressReport {
  version: 1
  /** of the call; its reports share it */
  id: string
  /** what is being done: `Denoising`, `Downloading` */
  label: string
  /** 0…total, in `unit`s */
  step: number
  total: number
  unit: 'step' | 'byte'
  /** the last report, which has no `elapsed` and no `previews`, so that two runs of a notebook compare equal */
  done: boolean
  /** the device that runs, where one does */
  device?: string
  /** ms since the call began */
  elapsed?: number
  /** one a picture; absent where the model's latents are not known as colours */
  previews?: Preview[]
}

/** A small picture of how far a picture has come: one pixel a latent, 64 × 64 for one of 512 × 512, or decoded, of up to 320 × 320. */
export interface Preview {
  /** px */
  width: number
  height: number
  /** base64 */
  png: string
}
