import { expect, test } from 'vitest'
import { Generator } from '../../../src/pipeline/random.js'
import {
  DDIMScheduler,
  DDPMScheduler,
  DEISMultistepScheduler,
  DPMSolverMultistepScheduler,
  DPMSolverSinglestepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  HeunDiscreteScheduler,
  KDPM2AncestralDiscreteScheduler,
  KDPM2DiscreteScheduler,
  LCMScheduler,
  LMSDiscreteScheduler,
  PNDMScheduler,
  type Scheduler,
  TCDScheduler,
  UniPCMultistepScheduler,
} from '../../../src/pipeline/schedulers/index.js'
import { type Tensor, tensor } from '../../../src/pipeline/tensor.js'

/** Σ|x| and mean |x| after the loop of diffusers' own tests (tests/schedulers/test_scheduler_*.py), most after ten steps. */
const linear = { beta_start: 0.0001, beta_end: 0.02, beta_schedule: 'linear' }
const longer = { ...linear, num_train_timesteps: 1100 }
const toLeast = { ...linear, final_sigmas_type: 'sigma_min' }
const velocity = { prediction_type: 'v_prediction' }
const karras = { use_karras_sigmas: true }

test.each([
  ['PNDM', new PNDMScheduler(linear), 198.1318, 0.258],
  ['PNDM, v-prediction', new PNDMScheduler({ ...linear, ...velocity }), 67.3986, 0.0878],
  ['DDIM', new DDIMScheduler({ ...linear, clip_sample: true }), 172.0067, 0.223967],
  ['Euler', new EulerDiscreteScheduler(longer), 10.0807, 0.0131],
  ['Euler, Karras', new EulerDiscreteScheduler({ ...longer, ...karras }), 124.523, 0.1621],
  ['Euler ancestral', new EulerAncestralDiscreteScheduler(longer), 152.3192, 0.1983],
  ['LMS', new LMSDiscreteScheduler(longer), 1006.388, 1.3104],
  ['Heun', new HeunDiscreteScheduler(longer), 0.1233, 0.0002],
  ['DPM2', new KDPM2DiscreteScheduler(longer), 20.4125, 0.0266],
  ['DPM2, ancestral, v-prediction', new KDPM2AncestralDiscreteScheduler({ ...longer, ...velocity }), 331.8133, 0.432],
  ['DPM++ 2M', new DPMSolverMultistepScheduler({ ...toLeast, lower_order_final: false }), 253.5514, 0.3301],
  ['DPM++ 2S', new DPMSolverSinglestepScheduler(toLeast), 214.3613, 0.2791],
  ['DPM++ 2S, v-prediction', new DPMSolverSinglestepScheduler({ ...toLeast, ...velocity }), 111.5982, 0.1453],
  ['DPM++ 2S, Karras', new DPMSolverSinglestepScheduler({ ...toLeast, ...karras }), 172.6809, 0.2248],
  ['DEIS', new DEISMultistepScheduler(linear), 183.6766, 0.2392],
  ['DEIS, v-prediction', new DEISMultistepScheduler({ ...linear, ...velocity }), 69.9438, 0.0911],
  ['UniPC', new UniPCMultistepScheduler(toLeast), 189.2318, 0.2464],
  ['UniPC, v-prediction', new UniPCMultistepScheduler({ ...toLeast, ...velocity }), 77.8725, 0.1014],
  ['UniPC, Karras', new UniPCMultistepScheduler({ ...toLeast, ...karras }), 224.6267, 0.2925],
  [
    'UniPC, Karras, v-prediction',
    new UniPCMultistepScheduler({ ...toLeast, ...karras, ...velocity }),
    150.6873,
    0.1962,
  ],
  ['LCM', new LCMScheduler(), 197.7616, 0.2575],
  ['TCD', new TCDScheduler(), 264.7297, 0.3447],
])('%s', (_, scheduler, sum, mean) => {
  const x = fullLoop(scheduler)
  expect(sumOfMagnitudes(x)).toBeCloseTo(sum, 2)
  expect(sumOfMagnitudes(x) / x.data.length).toBeCloseTo(mean, 3)
})

test('LCM in one step', () => {
  expect(sumOfMagnitudes(fullLoop(new LCMScheduler(), 1))).toBeCloseTo(18.7097, 2)
})

test.each([
  ['DDPM', {}, 258.9606],
  ['DDPM, v-prediction', velocity, 202.0299],
])('%s in all 1000 steps', (_, config, sum) => {
  expect(sumOfMagnitudes(fullLoop(new DDPMScheduler({ ...linear, ...config }), 1000))).toBeCloseTo(sum, 2)
})

/** Their model, x t / (t + 1), on their sample: 0 … 767 of 768, [3, 8, 8, 4] with the last axis brought to the front. */
function fullLoop(scheduler: Scheduler, steps = 10): Tensor {
  scheduler.setTimesteps(steps)
  const start = Float32Array.from({ length: 768 }, (_, i) => ((i % 192) * 4 + Math.floor(i / 192)) / 768)
  let x = tensor(
    start.map(value => value * scheduler.initNoiseSigma),
    [4, 3, 8, 8],
  )
  const generator = new Generator(0)
  for (const t of scheduler.timesteps) {
    const scaled = scheduler.scaleModelInput(x, t)
    const output = tensor(
      scaled.data.map(value => (value * t) / (t + 1)),
      scaled.dims,
    )
    x = scheduler.step(output, t, scaled, { generator }).prevSample
  }
  return x
}

const sumOfMagnitudes = (x: Tensor) => x.data.reduce((sum, value) => sum + Math.abs(value), 0)
