import type { ModelGraph, Value } from '../onnx/graph.js'
import { type LayerOptions, Layers } from '../onnx/layers.js'
import type { WeightPath } from '../onnx/weightPath.js'
import type { Weights } from '../weights/safetensors.js'
import { checkpoint, recordWeightShapes } from './checkpoint.js'
import type { ClipConfig } from './clipConfig.js'
import { clipVision, visionOptions } from './clipVision.js'
import { cosines } from './cosines.js'

export type SafetyCheckerConfig = Pick<ClipConfig, 'vision' | 'projectionDim'>

/** Concepts that a picture must not show, and those near which the others are taken more strictly. */
const CONCEPTS = 17
const SPECIAL_CARE = 3

/**
 * diffusers `StableDiffusionSafetyChecker` for one picture.
 * Input `pixel_values`, float32 [1, 3, imageSize, imageSize]. Outputs, float32: `concepts` [1, 17] and `special_care` [1, 3],
 * the cosines of the angles between the picture and each concept; `concept_thresholds` [17] and `special_care_thresholds` [3].
 * @throws CorruptWeightsError  when the weights are not exactly those that the configuration asks for
 */
export function safetyCheckerGraph(config: SafetyCheckerConfig, weights: Weights, options: LayerOptions): ModelGraph {
  const g = new Layers(visionOptions(options))
  safetyChecker(g, config, safetyCheckerCheckpoint(config, weights))
  return g.build()
}

/** The state dict's root. @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function safetyCheckerCheckpoint(config: SafetyCheckerConfig, weights: Weights): WeightPath {
  const g = new Layers({ provider: 'cpu', attention: { kind: 'fused' } })
  return checkpoint(
    weights,
    recordWeightShapes(p => safetyChecker(g, config, p)),
    currentKey,
  )
}

/** Files of transformers before 5 name the model twice, and hold the positions 0, 1, 2, …, which are no weight. */
function currentKey(key: string): string | undefined {
  const name = key.replace(/^vision_model\.vision_model\./, 'vision_model.')
  return name === 'vision_model.embeddings.position_ids' ? undefined : name
}

function safetyChecker(g: Layers, { vision, projectionDim }: SafetyCheckerConfig, p: WeightPath): void {
  const pixels = g.input('pixel_values', [1, vision.channels, vision.imageSize, vision.imageSize])
  const pooled = clipVision(g, vision, pixels, p.at('vision_model'))
  const picture = g.linear(pooled, p.at('visual_projection'), projectionDim, { bias: false })
  const output = (name: string, embeds: string, count: number): Value => {
    g.output(name, cosines(g, picture, g.weight(p, embeds, [count, projectionDim])))
    return g.weight(p, `${embeds}_weights`, [count])
  }
  g.output('special_care_thresholds', output('special_care', 'special_care_embeds', SPECIAL_CARE))
  g.output('concept_thresholds', output('concepts', 'concept_embeds', CONCEPTS))
}
