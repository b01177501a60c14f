import { join } from 'node:path'
import { ModelNotFoundError, UnsupportedModelError } from '../errors.js'
import type { Placement } from '../models/network.js'
import {
  type StableDiffusionSafetyChecker,
  stableDiffusionSafetyChecker,
} from '../models/stableDiffusionSafetyChecker.js'
import { componentWeights, type ModelIndex, readJson } from '../weights/repository.js'
import type { FromPretrainedOptions } from './fromPretrainedOptions.js'

/**
 * The safety checker of a folder in diffusers layout, or what was given instead; null where there is none. One that cannot be
 * read is left out, with a warning that says why: most repositories of Stable Diffusion 1.x have it, some as a pickle alone.
 * @throws CorruptWeightsError
 */
export async function loadSafetyChecker(
  folder: string,
  index: ModelIndex,
  { safetyChecker, requiresSafetyChecker, variant }: FromPretrainedOptions,
  placement: Placement,
): Promise<StableDiffusionSafetyChecker | null> {
  if (safetyChecker) return safetyChecker
  const isNamed = Boolean(index.safety_checker?.[1])
  let without = isNamed ? 'You have disabled the safety checker' : 'The model has no safety checker'
  if (isNamed && safetyChecker === undefined)
    try {
      return await ownSafetyChecker(folder, variant, placement)
    } catch (error) {
      if (!(error instanceof ModelNotFoundError || error instanceof UnsupportedModelError)) throw error
      without = `The model's safety checker is left out (${error.message})`
    }
  const { requires_safety_checker: requires = isNamed } = await readJson(folder, 'model_index.json')
  if (requiresSafetyChecker ?? requires) console.warn(`${without}: ${unfiltered}`)
  return null
}

async function ownSafetyChecker(folder: string, variant: string | undefined, placement: Placement) {
  const part = {
    placement,
    folder: join(folder, 'safety_checker'),
    source: folder,
    config: await readJson(folder, 'safety_checker/config.json'),
    where: `${folder}/safety_checker/config.json`,
    weights: await componentWeights(folder, 'safety_checker', { variant }),
  }
  return stableDiffusionSafetyChecker(part, join(folder, 'feature_extractor'))
}

/** What diffusers says. */
const unfiltered =
  'pictures are not filtered. Ensure that you abide by the conditions of the Stable Diffusion license and do not expose ' +
  'unfiltered results in services or applications open to the public. Pass requiresSafetyChecker: false to leave out this ' +
  'warning.'
