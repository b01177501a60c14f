/** Beside a picture's `image/png` in its bundle: what the picture is made of, and how. */
export const imageDetailsType = 'application/vnd.sdnb.image+json'

export interface ImageDetails {
  version: 1
  /** px */
  width: number
  height: number
  /** an image is one picture that fills it, a grid one for each tile */
  pictures: PictureDetails[]
}

export interface PictureDetails {
  /** px, from the image's upper left corner */
  x: number
  y: number
  width: number
  height: number
  /** absent where it is not known how it was made */
  parameters?: ImageParameters
}

/** How a picture was made; other tools, whose pictures can be opened and shown too, may have told less. */
export interface ImageParameters {
  prompt: string
  negativePrompt?: string
  steps?: number
  /** A1111's name, such as `DPM++ 2M` */
  sampler?: string
  /** `Karras`, `Automatic`, … */
  scheduleType?: string
  cfgScale?: number
  /** the decimal digits of one beyond 2⁵³, which JSON's numbers would round */
  seed?: number | string
  /** px, of the picture as it was made: a tile may show it smaller */
  width?: number
  height?: number
  /** the class that made it, where it was not text to image */
  pipeline?: string
  /** how much of a picture was made anew, 0…1 */
  strength?: number
  /** px around the mask, where its surroundings alone were painted */
  maskPadding?: number
  /** each ControlNet's name, weight, and from which share of the steps to which it had a say */
  controlNet?: string
  /** each LoRA's name and weight; where they differ that of the U-Net, then that of the text encoder; `fused` where it was a part of the network */
  lora?: string
  /** of the call's `crossAttentionKwargs`, where there were any */
  loraScale?: number
  /** the tokens that textual inversions had taught */
  textualInversion?: string
  /** 0…1, where it was not 0 */
  guidanceRescale?: number
  /** layers left out before the text encoder's last, where there were any */
  clipSkip?: number
  /** noise that DDIM added, 0…1, where it was not 0 */
  eta?: number
  /** of the call, where they were its own */
  timesteps?: number[]
  sigmas?: number[]
  /** how the prompts are read, `plain` or `a1111`; other tools, which do not tell, read them as A1111 does */
  promptSyntax?: string
  /** its place among the pictures that one generator drew: the seed alone makes the first of them only */
  batch?: { index: number; count: number }
  /** its class, and what of its configuration is not that class's default */
  scheduler?: Record<string, unknown>
  /** of the model, where it was not float32: the noise is drawn in it */
  dtype?: string
  /** in how few bits the model's layers were held, where they were */
  quantization?: string
  /** parts in place of the model's own, by the name of their source */
  unet?: string
  textEncoder?: string
  vae?: string
  /** px, where the autoencoder went through a picture larger than a tile */
  vaeTileSize?: number
  /** options that made the picture, and whose values are not told */
  untold?: string[]
  /** of the call, where it was not `exact` */
  quality?: string
  model?: string
  /** the first ten hexadecimal digits of the weights' sha256 */
  modelHash?: string
  /** of the program */
  version?: string
}
