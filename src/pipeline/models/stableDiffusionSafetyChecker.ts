import type { Image } from '../image/image.js'
import { checkedTensor, type Tensor } from '../tensor.js'
import { parseClipConfig } from './clipConfig.js'
import { type CLIPImageProcessor, loadClipImageProcessor } from './clipImageProcessor.js'
import { loadPart, type PartOptions, type PartSource } from './loadPart.js'
import { network, type Part, type RunOptions } from './network.js'
import { type SafetyCheckerConfig, safetyCheckerCheckpoint, safetyCheckerGraph } from './safetyChecker.js'

/**
 * Tells which pictures come near a concept that is not safe for work.
 * @returns one a picture
 * @see Rando et al. 2022; diffusers `StableDiffusionSafetyChecker`
 */
export interface StableDiffusionSafetyChecker extends Part<SafetyCheckerConfig> {
  (images: readonly Image[], options?: RunOptions): Promise<boolean[]>
  /** what makes of a picture what the checker sees */
  readonly featureExtractor: CLIPImageProcessor
}

export const StableDiffusionSafetyChecker = {
  /**
   * @param source its folder or hub repository, such as `'CompVis/stable-diffusion-safety-checker'`, with
   *   preprocessor_config.json beside config.json; CLIP's own processor where there is none
   * @throws InvalidOptionError, ModelNotFoundError, UnsupportedModelError, CorruptWeightsError, DeviceUnavailableError
   */
  fromPretrained: (source: string, options: PartOptions = {}): Promise<StableDiffusionSafetyChecker> =>
    loadPart(source, options, from => stableDiffusionSafetyChecker(from), ['preprocessor_config.json']),
}

/**
 * @param processorFolder where preprocessor_config.json lies
 * @throws UnsupportedModelError naming the key and the value that is not run here
 * @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for
 */
export async function stableDiffusionSafetyChecker(
  { folder, config: json, where, weights, placement, source }: PartSource,
  processorFolder = folder,
): Promise<StableDiffusionSafetyChecker> {
  const config = parseClipConfig(json, where)
  safetyCheckerCheckpoint(config, weights)
  const featureExtractor = await loadClipImageProcessor(processorFolder, config.vision.imageSize)
  const checker = network('safetyChecker', placement, (_shape: object, layers) =>
    safetyCheckerGraph(config, weights, layers),
  )

  async function check(images: readonly Image[], options: RunOptions = {}): Promise<boolean[]> {
    const results: boolean[] = []
    for (const image of images) {
      const { channels, imageSize } = config.vision
      const pixels = checkedTensor('pixelValues', featureExtractor(image).pixelValues, [
        1,
        channels,
        imageSize,
        imageSize,
      ])
      results.push(isUnsafe((await checker.run({}, { pixel_values: pixels }, options)) as unknown as Cosines))
    }
    return results
  }
  return Object.assign(check, { config, featureExtractor, placement, source, release: checker.release })
}

/** Of one picture, with the threshold of each concept. */
interface Cosines {
  concepts: Tensor
  concept_thresholds: Tensor
  special_care: Tensor
  special_care_thresholds: Tensor
}

/** A picture near a concept that needs special care must keep a little farther from the others. */
function isUnsafe(cosines: Cosines): boolean {
  const isCareful = isNear(cosines.special_care, cosines.special_care_thresholds, 0)
  return isNear(cosines.concepts, cosines.concept_thresholds, isCareful ? 0.01 : 0)
}

/** Whether one lies above its threshold, rounded to three decimals as diffusers does, in float32. */
function isNear({ data: cosines }: Tensor, { data: thresholds }: Tensor, adjustment: number): boolean {
  return cosines.some((cosine, i) => {
    const score = Math.fround(Math.fround(cosine - thresholds[i]) + Math.fround(adjustment))
    return Math.fround(score * 1000) > 0.5
  })
}
