import { gridImage, Image } from '../../src/pipeline/index.js'
import type { ImageDetails, ImageParameters } from '../../src/protocol/pictures.js'

/** What a kernel sends of a picture. */
export interface Bundle {
  png: Uint8Array
  details: ImageDetails
}

type Colour = [red: number, green: number, blue: number]
export const [red, green, blue]: Colour[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
]

/** One colour, darker from row to row, so that a wrong cut shows. */
export function painted(colour: Colour, width: number, height: number, parameters?: ImageParameters): Image {
  const pixel = (row: number) => colour.map(value => Math.max(0, value - row))
  const data = Uint8Array.from({ length: height }, (_, row) => row).reduce<number[]>((pixels, row) => {
    for (let x = 0; x < width; x++) pixels.push(...pixel(row))
    return pixels
  }, [])
  return new Image(Uint8Array.from(data), width, height, parameters as Image['parameters'])
}

export async function bundleOf(image: Image): Promise<Bundle> {
  const display = image as unknown as Record<symbol, () => Promise<Record<string, never>>>
  const bundle = await display[Symbol.for('Jupyter.display')]()
  return { png: bundle['image/png'], details: bundle['application/vnd.sdnb.image+json'] }
}

export const madeOf = (seed: number | string): ImageParameters => ({
  ...{
    prompt: 'a red car',
    negativePrompt: 'rain',
    steps: 25,
    cfgScale: 7.5,
    sampler: 'DPM++ 2M',
    scheduleType: 'Karras',
  },
  ...{ seed, width: 128, height: 96, model: 'sdnb/tiny' },
})

/** Red, green and blue of 128×96 beside one another, of the seeds 7, 8 and 9. */
export const gridOf = async (rows = 1): Promise<Bundle> =>
  bundleOf(
    await gridImage(
      [red, green, blue].map((colour, i) => painted(colour, 128, 96, madeOf(7 + i))),
      { rows, cols: 3 / rows },
    ),
  )
