export const progressType = 'application/vnd.sdnb.progress+json'

/** How far a long call has come. Reports of one call share an `id`; the last has `done`. */
export interface Progress {
  version: 1
  id: string
  /** what is being done: `Denoising`, `Downloading unet/config.json` */
  label: string
  /** 0…total, in `unit`s */
  step: number
  total: number
  unit: 'step' | 'byte'
  done: boolean
  /** the device that runs, where one does */
  device?: string
  /** ms since the call began; only while it runs, so that runs compare equal */
  elapsed?: number
  /** what the pictures look like so far, one each; only while it runs */
  previews?: Preview[]
}

export interface Preview {
  /** px, of the latents: 64×64 for a picture of 512×512 */
  width: number
  height: number
  /** base64 */
  png: string
}
