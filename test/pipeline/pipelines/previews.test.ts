import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProgressReporter, StableDiffusionPipeline } from '../../../src/pipeline/index.js'

const side = 16
let pipeline: StableDiffusionPipeline
beforeAll(async () => {
  pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
})
afterAll(() => pipeline.dispose())

test('previews look like the picture from the first steps on, one for each of the batch', async () => {
  const reports: ReturnType<NonNullable<Parameters<ProgressReporter>[1]>>[] = []
  const symbol = Symbol.for('sdnb.progress')
  const host = globalThis as { [symbol]?: ProgressReporter }
  host[symbol] = (_progress, makePreviews) => void (makePreviews && reports.push(makePreviews()))
  const prompts = ['photograph of a green tree', 'photograph of a snowman at night']
  const { images } = await pipeline(prompts, { numInferenceSteps: 8, guidanceScale: 2.5, seed: 7 })
  delete host[symbol]

  const small = await Promise.all(images.map(async image => [...(await image.resize(side, side)).data]))
  const steps = await Promise.all(reports)
  expect(steps).toHaveLength(9)
  for (const [step, least] of [
    [0, 0.6],
    [4, 0.8],
    [8, 0.8],
  ]) {
    const previews = steps[step]
    expect(previews.map(({ width, height }) => [width, height])).toEqual([
      [side, side],
      [side, side],
    ])
    const [tree, snowman] = await Promise.all(previews.map(({ png }) => pixelsOf(png)))
    expect(likeness(tree, small[0])).toBeGreaterThan(least)
    expect(likeness(snowman, small[1])).toBeGreaterThan(least)
    expect(likeness(tree, small[1])).toBeLessThan(0.3)
  }
})

async function pixelsOf(png: string): Promise<number[]> {
  const { default: sharp } = await import('sharp')
  return [...(await sharp(Buffer.from(png, 'base64')).raw().toBuffer())]
}

/** Pearson's correlation: 1 is the same but for brightness and contrast, 0 has nothing in common. */
function likeness(a: number[], b: number[]): number {
  const centred = (values: number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return values.map(value => value - mean)
  }
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i], 0)
  const [x, y] = [centred(a), centred(b)]
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))
}
