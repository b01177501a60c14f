import { InvalidOptionError } from '../errors.js'
import type { ImageParameters } from '../image/parameters.js'
import { type Scheduler, schedulerFromConfig } from '../schedulers/index.js'

/** What stable-diffusion-webui (A1111) calls a scheduler; one that it does not have keeps its class's name. */
export function samplerOf(config: Scheduler['config']): Pick<ImageParameters, 'sampler' | 'scheduleType'> {
  const has = (options: object) => Object.entries(options).every(([key, value]) => config[key] === value)
  const of = Object.entries(samplers).filter(
    ([, { className, options }]) => className === config._className && has(options),
  )
  // the last is the one that asks for most
  const sampler = of.at(-1)?.[0] ?? String(config._className)
  const scheduleType = sigmaTypes.find(type => has(scheduleTypes[type]))
  return { sampler, ...(scheduleType && { scheduleType }) }
}

/**
 * The scheduler that made a picture: exactly that of a picture made here; for one of A1111's, such as `DPM++ 2M Karras`, the class that diffusers has
 * for it, its timesteps spaced as there.
 * @param config of the model's own scheduler, which the picture's parameters may build upon
 * @throws InvalidOptionError for a sampler or a schedule type that is not known here, by its name
 * @see diffusers, docs: Schedulers, table of A1111's and k-diffusion's names
 */
export function schedulerFromParameters(parameters: ImageParameters, config: Scheduler['config']): Scheduler {
  const { scheduler, sampler, scheduleType } = parameters
  if (scheduler) return schedulerFromConfig(scheduler)
  if (sampler === undefined) return schedulerFromConfig(config)
  const [, name, suffix] = /^(.*?)(?: (Karras|Exponential))?$/.exec(sampler)!
  const type = suffix ?? scheduleType ?? 'Automatic'
  if (!Object.hasOwn(samplers, name))
    throw new InvalidOptionError(`sampler "${sampler}" is not known here; known: ${Object.keys(samplers).join(', ')}`)
  if (!Object.hasOwn(scheduleTypes, type))
    throw new InvalidOptionError(
      `schedule type "${type}" is not known here; known: ${Object.keys(scheduleTypes).join(', ')}`,
    )
  const { className, spacing, options } = samplers[name]
  const own = {
    ...(spacing && { timestepSpacing: spacing }),
    // the others know no other schedule
    ...(spacing !== 'leading' && scheduleTypes[type]),
  }
  const made = schedulerFromConfig({ ...config, ...plainSigmas, ...options, ...own, _className: className })
  const unknown = Object.keys(own).find(key => !(key in Object.getPrototypeOf(made.config)))
  if (unknown)
    throw new InvalidOptionError(
      `sampler "${name}" is not known here with schedule type "${type}": ${className} has no ${unknown}`,
    )
  return made
}

/** What of a scheduler's configuration makes it what it is. */
export function schedulerSettings({ config }: Scheduler): Record<string, unknown> {
  const defaults = Object.getPrototypeOf(config) as Record<string, unknown>
  const own = Object.entries(config).filter(([key, value]) => key in defaults && value !== defaults[key])
  return { _className: config._className, ...Object.fromEntries(own) }
}

interface Sampler {
  className: string
  options: Record<string, unknown>
  /** of its timesteps, where it is not the model's own; A1111 steps k-diffusion's evenly from end to end */
  spacing?: 'linspace' | 'leading'
}

const kDiffusion = (className: string, options = {}): Sampler => ({
  className: `${className}Scheduler`,
  options,
  spacing: 'linspace',
})
const sde = { algorithmType: 'sde-dpmsolver++' }

const samplers: Record<string, Sampler> = {
  Euler: kDiffusion('EulerDiscrete'),
  'Euler a': kDiffusion('EulerAncestralDiscrete'),
  LMS: kDiffusion('LMSDiscrete'),
  Heun: kDiffusion('HeunDiscrete'),
  DPM2: kDiffusion('KDPM2Discrete'),
  'DPM2 a': kDiffusion('KDPM2AncestralDiscrete'),
  'DPM++ 2M': kDiffusion('DPMSolverMultistep'),
  'DPM++ 2M SDE': kDiffusion('DPMSolverMultistep', sde),
  'DPM++ 2M SDE Heun': kDiffusion('DPMSolverMultistep', { ...sde, solverType: 'heun' }),
  'DPM++ 2S': { className: 'DPMSolverSinglestepScheduler', options: {} },
  DDIM: { className: 'DDIMScheduler', options: {}, spacing: 'leading' },
  PLMS: { className: 'PNDMScheduler', options: {}, spacing: 'leading' },
  DDPM: { className: 'DDPMScheduler', options: {} },
  DEIS: { className: 'DEISMultistepScheduler', options: {} },
  UniPC: { className: 'UniPCMultistepScheduler', options: {} },
  LCM: { className: 'LCMScheduler', options: {} },
  TCD: { className: 'TCDScheduler', options: {} },
}

const scheduleTypes: Record<string, Record<string, unknown>> = {
  Automatic: {},
  Uniform: {},
  Karras: { useKarrasSigmas: true },
  Exponential: { useExponentialSigmas: true },
  Beta: { useBetaSigmas: true },
  'SGM Uniform': { timestepSpacing: 'trailing' },
}

/** Of the types, those that a configuration tells by itself. */
const sigmaTypes = ['Karras', 'Exponential', 'Beta']

/** The model's own shape makes way for the picture's. */
const plainSigmas = { useKarrasSigmas: false, useExponentialSigmas: false, useBetaSigmas: false }
