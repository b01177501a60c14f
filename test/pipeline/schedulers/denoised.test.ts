import { describe, expect, test } from 'vitest'
import { denoised } from '../../../src/pipeline/schedulers/denoised.js'
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
  TCDScheduler,
  UniPCMultistepScheduler,
} from '../../../src/pipeline/schedulers/index.js'
import { type Tensor, tensor } from '../../../src/pipeline/tensor.js'

const picture = tensor([0.5, -2, 0, 1], [1, 1, 2, 2])
const noise = tensor([1, -1, 0.3, 2], [1, 1, 2, 2])
const flow = tensor([0.5, 1, 0.3, 1], picture.dims) // noise − picture
const betas = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' }

describe('a picture with noise in it, and a network that sees all of the noise, give the picture', () => {
  test.each([
    ['PNDM', PNDMScheduler, ['epsilon', 'v_prediction']],
    ['DDIM', DDIMScheduler, ['epsilon', 'v_prediction', 'sample']],
    ['Euler', EulerDiscreteScheduler, ['epsilon', 'v_prediction', 'sample']],
    ['Euler ancestral', EulerAncestralDiscreteScheduler, ['epsilon', 'v_prediction']],
    ['DPM-Solver', DPMSolverMultistepScheduler, ['epsilon', 'v_prediction', 'sample', 'flow_prediction']],
    ['DPM-Solver, singlestep', DPMSolverSinglestepScheduler, ['epsilon', 'v_prediction', 'sample', 'flow_prediction']],
    ['DEIS', DEISMultistepScheduler, ['epsilon', 'v_prediction', 'sample', 'flow_prediction']],
    ['UniPC', UniPCMultistepScheduler, ['epsilon', 'v_prediction', 'sample', 'flow_prediction']],
    ['DDPM', DDPMScheduler, ['epsilon', 'v_prediction', 'sample']],
    ['LCM', LCMScheduler, ['epsilon', 'v_prediction', 'sample']],
    ['TCD', TCDScheduler, ['epsilon', 'v_prediction', 'sample']],
    ['LMS', LMSDiscreteScheduler, ['epsilon', 'v_prediction', 'sample']],
    ['Heun', HeunDiscreteScheduler, ['epsilon', 'v_prediction', 'sample']],
    ['DPM-Solver-2', KDPM2DiscreteScheduler, ['epsilon', 'v_prediction']],
    ['DPM-Solver-2, ancestral', KDPM2AncestralDiscreteScheduler, ['epsilon', 'v_prediction']],
    ['a flow', FlowMatchEulerDiscreteScheduler, ['flow_prediction']],
  ] as const)('%s', (_, Scheduler, predictionTypes) => {
    for (const predictionType of predictionTypes) {
      const useFlowSigmas = predictionType === 'flow_prediction'
      const begun = () => new Scheduler({ ...betas, predictionType, useFlowSigmas })
      for (const timestep of begun().setTimesteps(5)) {
        const scheduler = begun()
        scheduler.setTimesteps(5)
        const noisy = scheduler.addNoise(picture, noise, [timestep])
        const input = scheduler.scaleModelInput(noisy, timestep)
        const outputs = { epsilon: noise, v_prediction: velocity(input), sample: picture, flow_prediction: flow }
        const seen = denoised(scheduler, outputs[predictionType], timestep, noisy)
        for (const [i, value] of seen.data.entries()) expect(value).toBeCloseTo(picture.data[i], 3)
      }
    }
  })
})

/** v = α ε − σ x₀ of what the network sees (Salimans and Ho 2022), α and σ from its first two values. */
function velocity({ data: input }: Tensor): Tensor {
  const [x, y, e, f] = [picture.data[0], picture.data[1], noise.data[0], noise.data[1]]
  const alpha = (input[0] * f - input[1] * e) / (x * f - y * e)
  const sigma = (x * input[1] - y * input[0]) / (x * f - y * e)
  return tensor(
    noise.data.map((value, i) => alpha * value - sigma * picture.data[i]),
    picture.dims,
  )
}
