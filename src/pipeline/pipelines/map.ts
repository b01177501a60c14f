import { InvalidOptionError } from '../errors.js'
import { shown } from '../optionChecks.js'
import { Generator } from '../random.js'
import { type Device, devicesLike, resolveDevice } from '../runtime/engine.js'
import { slice, type Tensor } from '../tensor.js'
import type { Call, CallOptions } from './callOptions.js'

/** What `map` takes beside the prompts: a call's options, those for each prompt or picture as in a call of all prompts. */
export type MapOptions<Options extends CallOptions<never> = CallOptions> = Omit<Options, 'generator'> & {
  /** each takes the next prompt when it is free (the pipeline's own, and all others of its kind that work) */
  devices?: Device[]
  /** one a picture, in the order of the prompts: a single one would draw in the order in which devices are free. Excludes `seed` */
  generator?: Generator[]
}

/**
 * One call a prompt, each with its share of what was given for all.
 * @param checked of all prompts
 * @throws InvalidOptionError naming the option, what it may be and what came
 */
export function checkedMap<Options extends CallOptions<never>, C extends Call>(
  prompts: string[],
  { devices: _, ...options }: MapOptions<Options>,
  checked: (options: Options) => C,
): C[] {
  if (!Array.isArray(prompts))
    throw new InvalidOptionError(`prompts must be a list of strings, got ${shown(prompts)}: for one, call the pipeline`)
  const generator: unknown = options.generator
  if (generator instanceof Generator)
    throw new InvalidOptionError(
      'generator must be a list with one a picture, got a single one, which would draw in the order in which devices are ' +
        'free: give the list, or seed',
    )
  return perPrompt(prompts, checked(options as unknown as Options))
}

function perPrompt<C extends Call>(prompts: string[], call: C): C[] {
  const { numImagesPerPrompt: count, generator, seeds, latents, images, negativePrompts, negativePromptEmbeds } = call
  return prompts.map((prompt, i) => {
    const [first, end] = [i * count, (i + 1) * count]
    const shareOf = (given: Tensor) => (given.dims[0] === 1 ? given : slice(given, i, i + 1))
    return {
      ...call,
      prompts: [prompt],
      negativePrompts: [negativePrompts[i]],
      batch: count,
      generator: Array.isArray(generator) ? generator.slice(first, end) : generator,
      seeds: seeds.slice(first, end),
      ...(images && { images: images.map(shareOf) }),
      ...(latents && { latents: slice(latents, first, end) }),
      ...(negativePromptEmbeds && { negativePromptEmbeds: slice(negativePromptEmbeds, i, i + 1) }),
    }
  })
}

/**
 * @param own the pipeline's device
 * @param most how many there is work for
 * @throws InvalidOptionError for what is no list of devices; DeviceUnavailableError for one that cannot run
 */
export async function mapDevices(devices: Device[] | undefined, own: Device, most: number): Promise<Device[]> {
  if (devices === undefined) return devicesLike(own, most)
  if (!Array.isArray(devices) || devices.length === 0)
    throw new InvalidOptionError(`devices must be a list such as ['cuda', 'cuda:1'], got ${shown(devices)}`)
  return [...new Set(await Promise.all(devices.map(resolveDevice)))].slice(0, most)
}
