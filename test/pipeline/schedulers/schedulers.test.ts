import { describe, expect, test } from 'vitest'
import { InvalidOptionError, UnsupportedModelError } from '../../../src/pipeline/errors.js'
import { Generator, randn } from '../../../src/pipeline/random.js'
import {
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  PNDMScheduler,
  schedulerFromConfig,
} from '../../../src/pipeline/schedulers/index.js'
import { tensor } from '../../../src/pipeline/tensor.js'

/** Stable Diffusion 1.4's own file. */
const FILE = {
  _class_name: 'PNDMScheduler',
  _diffusers_version: '0.7.0.dev0',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  trained_betas: null,
  clip_sample: false,
}
const CLASSES = [
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  PNDMScheduler,
]
const x = tensor([1, 2, 3, 4], [1, 1, 2, 2])
const pair = tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 2, 2])

describe('a schedule', () => {
  test('PNDM calls the network n + 1 times, the second timestep twice', () => {
    const scheduler = schedulerFromConfig(FILE)
    expect(scheduler).toBeInstanceOf(PNDMScheduler)
    expect(scheduler.setTimesteps(4)).toEqual([751, 501, 501, 251, 1])
    expect(scheduler.setTimesteps(2)).toEqual([501, 1, 1])
    expect(scheduler.setTimesteps(1)).toEqual([1])
    expect(scheduler.setTimesteps(50)).toHaveLength(51)
  })

  test('custom sigmas give Euler its timesteps', () => {
    const euler = new EulerDiscreteScheduler(FILE)
    expect(euler.setTimesteps(undefined, { sigmas: [14.6, 1, 0] }).map(Math.round)).toEqual([999, 354])
    expect(euler.sigmas).toEqual([Math.fround(14.6), 1, 0])
  })

  test('setTimesteps starts the walk anew', () => {
    for (const one of CLASSES) {
      const scheduler = one.fromConfig(FILE)
      const walk = () =>
        scheduler
          .setTimesteps(3)
          .reduce((sample, t) => scheduler.step(x, t, sample, { generator: new Generator(1) }).prevSample, x)
      expect(walk().data).toEqual(walk().data)
    }
  })
})

describe('a config', () => {
  test('reads as diffusers names its keys, in camelCase, defaults included', () => {
    const { config } = schedulerFromConfig(FILE)
    expect(config).toMatchObject({ betaEnd: 0.012, skipPrkSteps: true, stepsOffset: 1 })
    expect(config.timestepSpacing).toBe('leading')
  })

  test('of another class leaves its defaults behind: Euler walks by its own linear spacing', () => {
    const euler = EulerDiscreteScheduler.fromConfig(schedulerFromConfig(FILE).config)
    expect(euler.setTimesteps(6)).toEqual([999, 799.2, 599.4, 399.6, 199.8, 0].map(Math.fround))
    const { clip_sample: _, ...file } = FILE
    const ddim = DDIMScheduler.fromConfig(schedulerFromConfig(file).config)
    expect(ddim.config.clipSample).toBe(true)
  })

  test('keeps what was written, in a spread too', () => {
    const { config } = schedulerFromConfig({ ...FILE, timestep_spacing: 'leading' })
    expect(EulerDiscreteScheduler.fromConfig(config).setTimesteps(4)).toEqual([751, 501, 251, 1])
    const karras = EulerDiscreteScheduler.fromConfig({ ...config, useKarrasSigmas: true })
    expect(karras.config.useKarrasSigmas).toBe(true)
    expect(karras.config.timestepSpacing).toBe('leading')
  })

  test('carries keys of other classes through a conversion and back', () => {
    const euler = EulerDiscreteScheduler.fromConfig(schedulerFromConfig(FILE).config)
    expect(PNDMScheduler.fromConfig(euler.config).setTimesteps(4)).toEqual([751, 501, 501, 251, 1])
  })

  test('names its class, so that a scheduler can be made from it alone', () => {
    const euler = EulerDiscreteScheduler.fromConfig(schedulerFromConfig(FILE).config)
    expect(schedulerFromConfig(euler.config)).toBeInstanceOf(EulerDiscreteScheduler)
  })
})

describe('a value that is not run is refused by name', () => {
  const sde = { algorithm_type: 'sde-dpmsolver', final_sigmas_type: 'sigma_min' }
  test.each([
    [PNDMScheduler, { prediction_type: 'sample' }, '"prediction_type" is "sample"; known here: epsilon, v_prediction'],
    [PNDMScheduler, { beta_schedule: 'sigmoid' }, '"beta_schedule" is "sigmoid"; known here: linear, scaled_linear'],
    [PNDMScheduler, { timestep_spacing: 'even' }, '"timestep_spacing" is "even"'],
    [PNDMScheduler, { num_train_timesteps: 0 }, '"num_train_timesteps" is 0; known here: whole numbers from 1'],
    [PNDMScheduler, { skip_prk_steps: 'yes' }, '"skip_prk_steps" is "yes"; known here: true, false'],
    [DDIMScheduler, { trained_betas: [] }, '"trained_betas" is []; known here: null, an array of numbers'],
    [DDIMScheduler, { beta_start: '0.1' }, '"beta_start" is "0.1"; known here: numbers'],
    [DDIMScheduler, { bata_start: 0.1 }, '"bata_start" is 0.1; no scheduler class has such a key'],
    [EulerAncestralDiscreteScheduler, { prediction_type: 'sample' }, '"prediction_type" is "sample"'],
    [
      EulerDiscreteScheduler,
      { use_karras_sigmas: true, use_beta_sigmas: true },
      '"use_beta_sigmas" is true; known here',
    ],
    [EulerDiscreteScheduler, { interpolation_type: 'cubic' }, '"interpolation_type" is "cubic"'],
    [EulerDiscreteScheduler, { sigma_max: -1 }, '"sigma_max" is -1; known here: null, a positive number'],
    [DPMSolverMultistepScheduler, { solver_order: 4 }, '"solver_order" is 4; known here: 1, 2, 3'],
    [DPMSolverMultistepScheduler, { variance_type: 'learned' }, '"variance_type" is "learned"; known here: null'],
    [DPMSolverMultistepScheduler, { use_dynamic_shifting: true }, '"use_dynamic_shifting" is true'],
    [
      DPMSolverMultistepScheduler,
      { algorithm_type: 'dpmsolver' },
      '"final_sigmas_type" is "zero"; known here: sigma_min',
    ],
    [DPMSolverMultistepScheduler, { ...sde, solver_order: 3 }, '"solver_order" is 3; known here: 1, 2 with'],
    [
      DPMSolverMultistepScheduler,
      { ...sde, prediction_type: 'flow_prediction' },
      '"prediction_type" is "flow_prediction"',
    ],
  ])('%o %o', (one, config, message) => {
    expect(() => one.fromConfig(config)).toThrow(UnsupportedModelError)
    expect(() => one.fromConfig(config)).toThrow(message)
  })

  test('an unknown class, with the known ones', () => {
    expect(() => schedulerFromConfig({ _class_name: 'KarrasVeScheduler' })).toThrow(
      new UnsupportedModelError(
        'scheduler_config.json: "_class_name" is "KarrasVeScheduler"; known here: DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, PNDMScheduler',
      ),
    )
    expect(() => schedulerFromConfig({})).toThrow('"_class_name" is undefined')
    expect(() => schedulerFromConfig({ _class_name: 'constructor' })).toThrow(UnsupportedModelError)
  })
})

describe('wrong use', () => {
  test.each([0, -1, 2.5, Number.NaN, undefined])('%s steps', count => {
    for (const one of CLASSES)
      expect(() => one.fromConfig(FILE).setTimesteps(count)).toThrow(
        new InvalidOptionError(`numInferenceSteps must be a whole number of at least 1, got ${count}`),
      )
  })

  test('more steps than the training had', () => {
    for (const scheduler of [new DDIMScheduler(), new PNDMScheduler()])
      expect(() => scheduler.setTimesteps(1001)).toThrow('at most the 1000 of the training, got 1001')
    expect(() => schedulerFromConfig(FILE).setTimesteps(1000)).toThrow('from 0 to 999, got 1000')
  })

  test('a timestep that is not in the schedule', () => {
    for (const one of CLASSES) {
      const scheduler = one.fromConfig(FILE)
      scheduler.setTimesteps(5)
      expect(() => scheduler.step(x, 7, x)).toThrow(InvalidOptionError)
      expect(() => scheduler.step(x, 7, x)).toThrow("timestep must be one of the schedule's")
    }
  })

  test('a step before setTimesteps', () => {
    for (const one of [DDIMScheduler, DPMSolverMultistepScheduler, PNDMScheduler])
      expect(() => one.fromConfig(FILE).step(x, 1, x)).toThrow('call setTimesteps before step')
  })

  test('a step after the last', () => {
    for (const one of [DPMSolverMultistepScheduler, EulerDiscreteScheduler, PNDMScheduler]) {
      const scheduler = one.fromConfig(FILE)
      const [only] = scheduler.setTimesteps(1)
      scheduler.step(x, only, x)
      expect(() => scheduler.step(x, only, x)).toThrow('all 1 steps are done: call setTimesteps to start again')
    }
  })

  test('fewer steps than the Runge-Kutta start needs', () => {
    expect(() => new PNDMScheduler().setTimesteps(3)).toThrow('needs numInferenceSteps of at least 4, got 3')
  })

  test('a schedule of one’s own where the class takes none', () => {
    for (const one of [DDIMScheduler, EulerAncestralDiscreteScheduler, PNDMScheduler])
      expect(() => one.fromConfig(FILE).setTimesteps(2, { timesteps: [9, 1] })).toThrow('takes no timesteps')
    expect(() => new DPMSolverMultistepScheduler().setTimesteps(2, { sigmas: [9, 1] })).toThrow('takes no sigmas')
    const karras = { use_karras_sigmas: true }
    for (const one of [DPMSolverMultistepScheduler, EulerDiscreteScheduler])
      expect(() => one.fromConfig(karras).setTimesteps(2, { timesteps: [9, 1] })).toThrow('with use_karras_sigmas')
    expect(() => new EulerDiscreteScheduler().setTimesteps(2, { timesteps: [9, 1], sigmas: [9, 1] })).toThrow(
      'not both',
    )
  })

  test('a model output of another shape than the sample', () => {
    const ddim = new DDIMScheduler()
    const [first] = ddim.setTimesteps(2)
    expect(() => ddim.step(pair, first, x)).toThrow('must have one shape')
  })
})

describe('noise', () => {
  test('is added by the level of each picture’s timestep', () => {
    const euler = new EulerDiscreteScheduler(FILE)
    const [high, low] = euler.setTimesteps(2)
    const zero = tensor(new Float32Array(8), pair.dims)
    const noisy = euler.addNoise(zero, pair, [high, low]).data
    expect(noisy[1] / 2).toBeCloseTo(euler.sigmas[0], 4)
    expect(noisy[7] / 8).toBeCloseTo(euler.sigmas[1], 4)
  })

  test('keeps the variance of picture and noise together at one', () => {
    for (const one of [DDIMScheduler, PNDMScheduler, DPMSolverMultistepScheduler]) {
      const scheduler = one.fromConfig({ ...FILE, skip_prk_steps: true })
      const [first] = scheduler.setTimesteps(4)
      const zero = tensor([0], [1])
      const unit = tensor([1], [1])
      const [ofPicture] = scheduler.addNoise(unit, zero, [first]).data
      const [ofNoise] = scheduler.addNoise(zero, unit, [first]).data
      expect(ofPicture ** 2 + ofNoise ** 2).toBeCloseTo(1, 5)
    }
  })

  test('of a step is drawn picture by picture from an array of generators', () => {
    const walk = (sample: typeof x, generator: Generator[]) => {
      const scheduler = new EulerAncestralDiscreteScheduler(FILE)
      const [first] = scheduler.setTimesteps(3)
      return [...scheduler.step(sample, first, sample, { generator }).prevSample.data]
    }
    const both = walk(pair, [new Generator(1), new Generator(2)])
    const second = tensor(pair.data.subarray(4), [1, 1, 2, 2])
    expect(both.slice(0, 4)).toEqual(walk(x, [new Generator(1)]))
    expect(both.slice(4)).toEqual(walk(second, [new Generator(2)]))
  })

  test('of DDIM comes in with eta alone', () => {
    const step = (eta: number, seed: number) => {
      const ddim = new DDIMScheduler(FILE)
      const [first] = ddim.setTimesteps(3)
      const sample = randn([1, 4, 2, 2], { generator: new Generator(9) })
      return ddim.step(sample, first, sample, { eta, generator: new Generator(seed) }).prevSample.data
    }
    expect(step(0, 1)).toEqual(step(0, 2))
    expect(step(1, 1)).not.toEqual(step(1, 2))
  })
})
