import type { Image } from '../image/image.js'
import type { RunOptions } from '../models/network.js'
import type { StableDiffusionSafetyChecker } from '../models/stableDiffusionSafetyChecker.js'

/** Blacks out the pictures that are not safe for work, and tells which; undefined where nobody checks. */
export async function screened(
  images: readonly Image[],
  safetyChecker: StableDiffusionSafetyChecker | null,
  { signal, device }: RunOptions,
): Promise<boolean[] | undefined> {
  if (!safetyChecker) return undefined
  const detected = await safetyChecker(images, { signal, device })
  for (const [i, image] of images.entries()) if (detected[i]) image.data.fill(0)
  if (detected.includes(true)) console.warn(warning)
  return detected
}

/** diffusers' sentence. */
const warning =
  'Potential NSFW content was detected in one or more images. A black image will be returned instead. Try again with a ' +
  'different prompt and/or seed.'
