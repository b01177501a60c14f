import { describe, expect, test } from 'vitest'
import { InvalidOptionError, UnsupportedModelError } from '../../../src/pipeline/errors.js'
import { Generator, randn } from '../../../src/pipeline/random.js'
import {
  DDIMScheduler,
  DDPMScheduler,
  DEISMultistepScheduler,
  DPMSolverMultistepScheduler,
  DPMSolverSinglestepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  FlowMatchEulerDiscreteScheduler,
  HeunDiscreteScheduler,
  KDPM2AncestralDiscreteScheduler,
  KDPM2DiscreteScheduler,
  LCMScheduler,
  LMSDiscreteScheduler,
  PNDMScheduler,
  schedulerFromConfig,
  TCDScheduler,
  UniPCMultistepScheduler,
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
/** Those that walk their schedule once, and remember where they stand. */
const WALKING = [
  DEISMultistepScheduler,
  DPMSolverMultistepScheduler,
  DPMSolverSinglestepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  FlowMatchEulerDiscreteScheduler,
  HeunDiscreteScheduler,
  KDPM2AncestralDiscreteScheduler,
  KDPM2DiscreteScheduler,
  LMSDiscreteScheduler,
  PNDMScheduler,
  UniPCMultistepScheduler,
]
const CLASSES = [...WALKING, DDIMScheduler, DDPMScheduler, LCMScheduler, TCDScheduler]
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

  test('Heun and DPM-Solver-2 call the network 2n − 1 times, the latter between its steps as well', () => {
    expect(new HeunDiscreteScheduler(FILE).setTimesteps(3)).toEqual([999, 499.5, 499.5, 0, 0])
    expect(new HeunDiscreteScheduler(FILE).setTimesteps(1)).toEqual([0])
    const dpm2 = new KDPM2DiscreteScheduler({ ...FILE, timestep_spacing: 'leading' }).setTimesteps(3)
    expect(dpm2.filter((_, i) => i % 2 === 0)).toEqual([667, 334, 1])
    expect(dpm2[1]).toBeGreaterThan(334)
    expect(dpm2[1] % 1).not.toBe(0)
    expect(new KDPM2AncestralDiscreteScheduler(FILE).setTimesteps(3)).toHaveLength(5)
  })

  test('LCM and TCD take timesteps that the teacher had', () => {
    for (const one of [LCMScheduler, TCDScheduler]) {
      expect(new one().setTimesteps(4)).toEqual([999, 759, 499, 259])
      expect(() => new one().setTimesteps(51)).toThrow('at most the 50 of original_inference_steps, got 51')
    }
  })

  test('a flow is shifted by μ where the config says dynamically, and only there', () => {
    const dynamic = { use_dynamic_shifting: true, use_flow_sigmas: true, prediction_type: 'flow_prediction' }
    for (const one of [FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler]) {
      const shifted = one.fromConfig(dynamic).setTimesteps(3, { mu: 1 })
      expect(shifted[1]).toBeGreaterThan(new FlowMatchEulerDiscreteScheduler().setTimesteps(3)[1])
      expect(() => one.fromConfig(dynamic).setTimesteps(3)).toThrow('needs mu with use_dynamic_shifting')
      expect(() => one.fromConfig({}).setTimesteps(3, { mu: 1 })).toThrow('takes mu with use_dynamic_shifting alone')
    }
    expect(() => new DDIMScheduler().setTimesteps(3, { mu: 1 })).toThrow('takes no mu')
  })

  test('custom sigmas give Euler its timesteps', () => {
    const euler = new EulerDiscreteScheduler(FILE)
    expect(euler.setTimesteps(undefined, { sigmas: [14.6, 1, 0] }).map(Math.round)).toEqual([999, 354])
    expect(euler.sigmas).toEqual([Math.fround(14.6), 1, 0])
  })

  test('setTimesteps starts the walk anew', () => {
    for (const one of CLASSES) {
      const scheduler = one.fromConfig({ ...FILE, skip_prk_steps: true })
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

  test('of another class brings no key into effect that this class has not', () => {
    const zeroSnr = new EulerDiscreteScheduler({ rescale_betas_zero_snr: true }).config
    const ofNoise = (scheduler: PNDMScheduler) =>
      scheduler.addNoise(tensor([0], [1]), tensor([1], [1]), [scheduler.setTimesteps(4)[0]]).data[0]
    expect(ofNoise(PNDMScheduler.fromConfig(zeroSnr))).toBe(ofNoise(new PNDMScheduler()))
    const ddpm = new DDPMScheduler({ variance_type: 'fixed_small' })
    expect(DPMSolverMultistepScheduler.fromConfig(ddpm.config).setTimesteps(1)).toEqual([999])
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
    [DPMSolverMultistepScheduler, { variance_type: 'large' }, '"variance_type" is "large"; known here: null, fixed'],
    [DPMSolverMultistepScheduler, { time_shift_type: 'linear' }, '"time_shift_type" is "linear"'],
    [
      DPMSolverMultistepScheduler,
      { use_flow_sigmas: true, use_beta_sigmas: true },
      '"use_beta_sigmas" is true; known here: false where "use_flow_sigmas" is true',
    ],
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
    [
      DDPMScheduler,
      { variance_type: 'fixed_large_log' },
      '"variance_type" is "fixed_large_log"; known here: fixed_small',
    ],
    [LMSDiscreteScheduler, { beta_schedule: 'exp' }, '"beta_schedule" is "exp"'],
    [HeunDiscreteScheduler, { use_karras_sigmas: true, use_exponential_sigmas: true }, '"use_exponential_sigmas"'],
    [
      KDPM2DiscreteScheduler,
      { prediction_type: 'sample' },
      '"prediction_type" is "sample"; known here: epsilon, v_pred',
    ],
    [DPMSolverSinglestepScheduler, { algorithm_type: 'sde-dpmsolver' }, '"algorithm_type" is "sde-dpmsolver"'],
    [
      DPMSolverSinglestepScheduler,
      { algorithm_type: 'dpmsolver', final_sigmas_type: 'sigma_min', thresholding: true },
      '"thresholding" is true; known here: false with "algorithm_type": "dpmsolver"',
    ],
    [DEISMultistepScheduler, { algorithm_type: 'sde-dpmsolver++' }, '"algorithm_type" is "sde-dpmsolver++"'],
    [UniPCMultistepScheduler, { solver_p: {} }, '"solver_p" is {}; known here: null'],
    [UniPCMultistepScheduler, { solverP: new DDIMScheduler() }, '"solver_p" is a DDIMScheduler; known here: null'],
    [
      UniPCMultistepScheduler,
      { disable_corrector: [-1] },
      '"disable_corrector" is [-1]; known here: an array of whole',
    ],
    [UniPCMultistepScheduler, { shift_terminal: 0.1 }, '"shift_terminal" is 0.1; known here: null where'],
    [
      UniPCMultistepScheduler,
      { lower_order_final: false },
      '"final_sigmas_type" is "zero"; known here: sigma_min where',
    ],
    [UniPCMultistepScheduler, { solver_order: 0 }, '"solver_order" is 0; known here: whole numbers from 1'],
    [
      LCMScheduler,
      { original_inference_steps: 0 },
      '"original_inference_steps" is 0; known here: whole numbers from 1',
    ],
    [FlowMatchEulerDiscreteScheduler, { time_shift_type: 'cubic' }, '"time_shift_type" is "cubic"'],
    [
      FlowMatchEulerDiscreteScheduler,
      { shift_terminal: 1 },
      '"shift_terminal" is 1; known here: null, a number from 0',
    ],
  ])('%o %o', (one, config, message) => {
    expect(() => one.fromConfig(config)).toThrow(UnsupportedModelError)
    expect(() => one.fromConfig(config)).toThrow(message)
  })

  test('an unknown class, with the known ones', () => {
    expect(() => schedulerFromConfig({ _class_name: 'KarrasVeScheduler' })).toThrow(
      new UnsupportedModelError(
        'scheduler_config.json: "_class_name" is "KarrasVeScheduler"; known here: DDIMScheduler, DDPMScheduler, DEISMultistepScheduler, DPMSolverMultistepScheduler, DPMSolverSinglestepScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler, HeunDiscreteScheduler, KDPM2AncestralDiscreteScheduler, KDPM2DiscreteScheduler, LCMScheduler, LMSDiscreteScheduler, PNDMScheduler, TCDScheduler, UniPCMultistepScheduler',
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
    for (const scheduler of [new DDIMScheduler(), new DDPMScheduler(), new LCMScheduler(), new PNDMScheduler()])
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
    const classes = [
      ...[DDIMScheduler, DDPMScheduler, LCMScheduler, PNDMScheduler, TCDScheduler],
      ...[DEISMultistepScheduler, DPMSolverMultistepScheduler, DPMSolverSinglestepScheduler, UniPCMultistepScheduler],
      ...[HeunDiscreteScheduler, KDPM2AncestralDiscreteScheduler, KDPM2DiscreteScheduler],
    ]
    for (const one of classes) expect(() => one.fromConfig(FILE).step(x, 1, x)).toThrow('call setTimesteps before step')
  })

  test('a step after the last', () => {
    for (const one of WALKING) {
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
    const sigmas = [9, 1]
    for (const one of [
      ...[DDIMScheduler, EulerAncestralDiscreteScheduler, PNDMScheduler, LMSDiscreteScheduler, KDPM2DiscreteScheduler],
      ...[KDPM2AncestralDiscreteScheduler, DEISMultistepScheduler, UniPCMultistepScheduler],
    ])
      expect(() => one.fromConfig(FILE).setTimesteps(2, { timesteps: [9, 1] })).toThrow('takes no timesteps')
    for (const one of [DDPMScheduler, LCMScheduler, TCDScheduler, HeunDiscreteScheduler, DPMSolverSinglestepScheduler])
      expect(() => one.fromConfig(FILE).setTimesteps(2, { sigmas })).toThrow('takes no sigmas')
    for (const one of [DDPMScheduler, LCMScheduler, TCDScheduler])
      expect(() => one.fromConfig(FILE).setTimesteps(2, { timesteps: [1, 9] })).toThrow('timesteps must fall, got 1, 9')
    expect(() => new UniPCMultistepScheduler().setTimesteps(2, { sigmas })).toThrow('with use_flow_sigmas alone')
    expect(() => new FlowMatchEulerDiscreteScheduler().setTimesteps(2, { sigmas, timesteps: [9] })).toThrow('as many')
    expect(() => new DPMSolverMultistepScheduler().setTimesteps(2, { sigmas })).toThrow('takes no sigmas')
    const karras = { use_karras_sigmas: true }
    const shaped = [
      DPMSolverMultistepScheduler,
      DPMSolverSinglestepScheduler,
      EulerDiscreteScheduler,
      HeunDiscreteScheduler,
    ]
    for (const one of shaped)
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
    const classes = [
      ...[DDIMScheduler, DDPMScheduler, LCMScheduler, PNDMScheduler, TCDScheduler],
      ...[DEISMultistepScheduler, DPMSolverMultistepScheduler, DPMSolverSinglestepScheduler, UniPCMultistepScheduler],
    ]
    for (const one of classes) {
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

  test('learned by the network scales DDPM’s, and DPM-Solver drops what was learned', () => {
    const output = tensor([...x.data, 0.5, 0.5, 0.5, 0.5], [1, 2, 2, 2])
    const ddpm = new DDPMScheduler({ variance_type: 'learned_range' })
    const [first] = ddpm.setTimesteps(3)
    expect(ddpm.step(output, first, x).prevSample.dims).toEqual(x.dims)
    expect(() => ddpm.step(x, first, x)).toThrow('a learned variance needs a model output of 2 channels')
    for (const one of [DPMSolverMultistepScheduler, DPMSolverSinglestepScheduler]) {
      const step = (config: object, given: typeof x) => {
        const scheduler = one.fromConfig(config as Record<string, unknown>)
        return scheduler.step(given, scheduler.setTimesteps(3)[0], x).prevSample
      }
      expect(step({ variance_type: 'learned' }, output)).toEqual(step({}, x))
    }
  })

  test('of TCD is a share of each step from 0 to 1', () => {
    const tcd = new TCDScheduler()
    const [first] = tcd.setTimesteps(3)
    expect(() => tcd.step(x, first, x, { eta: 1.1 })).toThrow('eta must be a number from 0 to 1, got 1.1')
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
