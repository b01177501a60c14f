import { expect, test } from 'vitest'
import { Generator } from '../../../src/pipeline/random.js'
import {
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  PNDMScheduler,
  type Scheduler,
} from '../../../src/pipeline/schedulers/index.js'
import { type Tensor, tensor } from '../../../src/pipeline/tensor.js'

/** The figures of diffusers' own tests (tests/schedulers/test_scheduler_*.py): Σ|x| and mean |x| after ten steps. */
const linear = { beta_start: 0.0001, beta_end: 0.02, beta_schedule: 'linear' }
const longer = { ...linear, num_train_timesteps: 1100 }
const dpm = { ...linear, lower_order_final: false, final_sigmas_type: 'sigma_min' }

test.each([
  ['PNDM', new PNDMScheduler(linear), 198.1318, 0.258],
  ['PNDM, v-prediction', new PNDMScheduler({ ...linear, prediction_type: 'v_prediction' }), 67.3986, 0.0878],
  ['DDIM', new DDIMScheduler({ ...linear, clip_sample: true }), 172.0067, 0.223967],
  ['Euler', new EulerDiscreteScheduler(longer), 10.0807, 0.0131],
  ['Euler, Karras', new EulerDiscreteScheduler({ ...longer, use_karras_sigmas: true }), 124.523, 0.1621],
  ['Euler ancestral', new EulerAncestralDiscreteScheduler(longer), 152.3192, 0.1983],
])('%s', (_, scheduler, sum, mean) => {
  const x = fullLoop(scheduler)
  expect(sumOfMagnitudes(x)).toBeCloseTo(sum, 2)
  expect(sumOfMagnitudes(x) / x.data.length).toBeCloseTo(mean, 3)
})

test('DPM++ 2M', () => {
  const x = fullLoop(new DPMSolverMultistepScheduler(dpm))
  expect(sumOfMagnitudes(x) / x.data.length).toBeCloseTo(0.3301, 3)
})

/** Their model, x t / (t + 1), on their sample: 0 … 767 of 768, [3, 8, 8, 4] with the last axis brought to the front. */
function fullLoop(scheduler: Scheduler): Tensor {
  scheduler.setTimesteps(10)
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
