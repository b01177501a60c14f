import { UnsupportedModelError } from '../errors.js'

/** A scheduler class as diffusers' `__init__` declares it. */
export interface ConfigSpec<C> {
  className: string
  /** Key by key, diffusers' default; null where a key may be left empty. */
  defaults: C
  /** The values a key may have, where not every one is run. */
  values?: { readonly [K in keyof C]?: readonly unknown[] }
}

export type Config<C> = Readonly<C> & Readonly<Record<string, unknown>>

/**
 * A scheduler's whole configuration from a `scheduler_config.json` or another scheduler's `config`, camelCase or
 * snake_case. As in diffusers' `from_config`, keys that only other classes know are carried along for a later
 * conversion, and the defaults of the class that `given` came from make way for this class's own: the result's own
 * properties are what was written, its prototype holds the defaults, so that `{ ...config, key: value }` keeps that.
 * @throws UnsupportedModelError naming key and value
 */
export function resolveConfig<C extends Record<string, unknown>>(
  spec: ConfigSpec<C>,
  given: Readonly<Record<string, unknown>>,
): Config<C> {
  const written: Record<string, unknown> = { _className: spec.className }
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith('_')) continue // private to diffusers: class name, version
    const key = camelCase(name)
    written[key] = key in spec.defaults ? checked(spec, key, value) : carried(spec, key, value)
  }
  return Object.freeze(Object.create(Object.freeze({ ...spec.defaults }), Object.getOwnPropertyDescriptors(written)))
}

/** A config without the keys that it carries along for other classes. */
export function withoutCarried<C extends Record<string, unknown>>(spec: ConfigSpec<C>, config: Config<C>): C {
  return Object.fromEntries(Object.keys(spec.defaults).map(key => [key, config[key]])) as C
}

/** Refuses what the class cannot run, by the name the key has in the file. */
export function unsupported(className: string, key: string, value: unknown, known: string): UnsupportedModelError {
  return new UnsupportedModelError(`${className}: "${snakeCase(key)}" is ${show(value)}; known here: ${known}`)
}

/** Keys that may be left empty, and what they hold otherwise. */
const OPTIONAL: Record<string, (value: unknown) => boolean> = {
  trainedBetas: value => Array.isArray(value) && value.length > 0 && value.every(Number.isFinite),
  sigmaMin: isPositive,
  sigmaMax: isPositive,
  shiftTerminal: value => typeof value === 'number' && value >= 0 && value < 1,
}
/** Keys that are whole numbers, and the least of each. */
const WHOLE: Record<string, number> = {
  numTrainTimesteps: 1,
  stepsOffset: 0,
  solverOrder: 1,
  originalInferenceSteps: 1,
}

function checked<C extends Record<string, unknown>>(spec: ConfigSpec<C>, key: string, value: unknown): unknown {
  const standard = spec.defaults[key]
  const values = spec.values?.[key]
  if (values) {
    if (!values.includes(value)) throw unsupported(spec.className, key, value, values.map(String).join(', '))
  } else if (standard === null) {
    if (value !== null && !OPTIONAL[key]?.(value))
      throw unsupported(spec.className, key, value, EXPECTED[key] ?? 'null')
  } else if (typeof standard === 'boolean') {
    if (value === null) return false // Python's falsy None
    if (typeof value !== 'boolean') throw unsupported(spec.className, key, value, 'true, false')
  } else if (Array.isArray(standard)) {
    if (!Array.isArray(value) || !value.every(step => Number.isSafeInteger(step) && step >= 0))
      throw unsupported(spec.className, key, value, 'an array of whole numbers from 0')
  } else if (key in WHOLE) {
    if (!Number.isSafeInteger(value) || (value as number) < WHOLE[key])
      throw unsupported(spec.className, key, value, `whole numbers from ${WHOLE[key]}`)
  } else if (typeof value !== 'number' || Number.isNaN(value)) throw unsupported(spec.className, key, value, 'numbers')
  return value
}

const EXPECTED: Record<string, string> = {
  trainedBetas: 'null, an array of numbers',
  sigmaMin: 'null, a positive number',
  sigmaMax: 'null, a positive number',
  shiftTerminal: 'null, a number from 0 to below 1',
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && Number.isFinite(value)
}

function carried<C>(spec: ConfigSpec<C>, key: string, value: unknown): unknown {
  if (OTHER_CLASSES.has(key)) return value
  throw new UnsupportedModelError(
    `${spec.className}: "${snakeCase(key)}" is ${show(value)}; no scheduler class has such a key: leave it out`,
  )
}

const camelCase = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
export const snakeCase = (name: string) => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
function show(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  const { name } = Object(value).constructor ?? {}
  return /Scheduler$/.test(name) ? `a ${name}` : (JSON.stringify(value) ?? String(value))
}

/**
 * Every key that some scheduler class of diffusers 0.42 takes, which in the file of another class means nothing, and two
 * of old files that no class looks at any more: `tensor_format`, `timestep_values`.
 */
const OTHER_CLASSES = new Set(
  `algorithm_type alpha_cum_end alpha_cum_start base_image_seq_len base_shift beta_end beta_schedule beta_start
  block_length clip_denoised clip_sample clip_sample_range correct_steps corrector_k corrector_order corrector_selection
  corrector_selection_tau corrector_steps disable_corrector dynamic_thresholding_ratio editing_threshold entropy_bound
  eps eta euler_at_final final_sigmas_type final_step_size_scale flow_shift gamma gamma_cum_end gamma_cum_start
  interpolation_type invert_sigmas lambda_min_clipped lower_order_final mask_token_id masking_schedule
  max_image_seq_len max_shift minimal_topk n_grid noise_mode num_inference_steps num_policy_substeps
  num_train_timesteps num_vec_classes original_inference_steps predict_x0 prediction_type predictor_order
  rescale_betas_zero_snr rho s s_churn s_max s_min s_noise sample_max_value sampling_eps scale_factors scaler
  schedule_mode scheduler_type set_alpha_to_one shift shift_terminal sigma_data sigma_max sigma_min sigma_schedule
  skip_prk_steps snr snr_shift_scale solver_order solver_p solver_type stage_range stages steps_offset
  stochastic_sampling t_lim_ode t_lim_ode_below t_max t_min tail_step_multiplier tail_steps tau_func threshold
  tensor_format timestep_values thresholding time_shift_type timestep_scaling timestep_spacing timestep_type trained_betas tsr_k tsr_sigma
  upscale_mode use_beta_sigmas use_dynamic_shifting use_exponential_sigmas use_flow_sigmas use_karras_sigmas
  use_lu_lambdas variance_type`
    .split(/\s+/)
    .map(camelCase),
)
