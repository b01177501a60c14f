import { type Tensor, tensor } from '../tensor.js'

/** What whole runs of the network have told of its depths, which change little from step to step. */
export interface DeepFeatures {
  keep(step: number, feature: Tensor): void
  /** What a whole run at a later step would tell, about. */
  at(step: number): Tensor
}

/**
 * Of the change between two whole runs, as much goes on as the steps since make it, times this. Measured on the embedded model: with PNDM half
 * came nearer the exact picture than all of it and than nothing; with Euler, DDIM and DPM++ 2M 2 to 3 dB nearer than nothing, with Euler ancestral,
 * whose steps jump, 1 dB less near.
 */
const damping = 0.5

/** @see Ma, Fang and Wang 2023, DeepCache; Liu et al. 2025, From Reusing to Forecasting */
export function deepFeatures(): DeepFeatures {
  let [earlier, last]: (Whole | undefined)[] = []
  return {
    keep(step, feature) {
      ;[earlier, last] = [last, { step, feature }]
    },
    at(step) {
      if (!last) throw new Error('no whole run came before')
      if (!earlier) return last.feature
      const { dims, data } = last.feature
      const before = earlier.feature.data
      const factor = (damping * (step - last.step)) / (last.step - earlier.step)
      const forecast = new Float32Array(data.length)
      for (let i = 0; i < data.length; i++) forecast[i] = data[i] + factor * (data[i] - before[i])
      return tensor(forecast, dims)
    },
  }
}

interface Whole {
  step: number
  feature: Tensor
}
