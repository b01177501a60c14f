import type { Value } from '../onnx/graph.js'
import type { Layers } from '../onnx/layers.js'
import type { Tensor } from '../tensor.js'
import type { ControlNetModel } from './controlNetModel.js'
import type { Steering } from './unet.js'

/** ControlNets in the U-Net's graph, and what they are given beside its inputs. */
export interface UNetSteering {
  graph: Steering
  inputs: Record<string, Tensor>
}

/** A ControlNet's say at a step. */
export interface Say {
  controlnet: ControlNetModel
  /** [n, 3, height, width], 0…1 */
  picture: Tensor
  /** which of them each batch item has, without the items that are skipped */
  rows: readonly number[]
  /** what all that it tells is multiplied with */
  scale: number
  /** less for the outer layers than for the inner ones */
  guessMode: boolean
}

/**
 * What ControlNets tell is added up and used where it is made: a residual is as large as half of the U-Net's activations, and would
 * cost more to carry from one process to another than to compute.
 * @param skipped items at the batch's beginning that are told nothing
 */
export function steering(says: readonly Say[], skipped: number): UNetSteering {
  const inputs: Record<string, Tensor> = {}
  for (const [i, { controlnet, picture, scale, guessMode }] of says.entries()) {
    inputs[`controlnet_cond_${i}`] = picture
    inputs[`controlnet_scales_${i}`] = controlnet.scales(scale, guessMode)
  }
  return {
    inputs,
    graph: {
      residuals(g, { sample, text, timestep }, isFirstAlone) {
        const [seen, told] = [withoutFirst(g, sample, skipped), withoutFirst(g, text, skipped)]
        const sum = says.map(({ controlnet, picture, rows }, i) =>
          controlnet.inGraph(
            g,
            `controlnet.${i}`,
            {
              ...{ sample: seen, text: told, timestep, rows },
              picture: g.input(`controlnet_cond_${i}`, picture.dims),
              scales: g.input(`controlnet_scales_${i}`, inputs[`controlnet_scales_${i}`].dims),
            },
            isFirstAlone,
          ),
        )
        const total = sum.reduce((all, residuals) => all.map((value, i) => g.add(value, residuals[i])))
        return total.map(value => g.afterZeros(value, skipped))
      },
      toJSON: () =>
        JSON.stringify([skipped, ...says.map(({ controlnet, picture, rows }) => [controlnet.id, picture.dims, rows])]),
    },
  }
}

function withoutFirst(g: Layers, x: Value, count: number): Value {
  return count === 0 ? x : g.split(x, [count, x.shape[0] - count], 0)[1]
}
