import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { source } from '../source.mjs'

const { openEngine, parseUNetConfig, unetGraph, readSafetensors, randn, Generator } = await source(
  'pipeline/runtime/engine.ts',
  'pipeline/models/unet.ts',
  'pipeline/weights/safetensors.ts',
  'pipeline/random.ts',
)
export const engine = openEngine('cpu')

/** A folder's U-Net at its own sample size, batch 1, with all tokens that its text encoder gives: an engine's model and its inputs. */
export async function unetOf(folder, attention) {
  const read = async part => JSON.parse(await readFile(join(folder, part, 'config.json'), 'utf8'))
  const config = parseUNetConfig(await read('unet'), 'unet/config.json')
  const { max_position_embeddings: sequenceLength } = await read('text_encoder')
  const weights = await readSafetensors(join(folder, 'unet/diffusion_pytorch_model.safetensors'))
  const shape = { batch: 1, height: config.sampleSize, width: config.sampleSize, sequenceLength }
  const generator = new Generator(0)
  return {
    size: 8 * config.sampleSize,
    weightBytes: [...weights.values()].reduce((sum, { length }) => sum + length, 0),
    model: {
      key: `unet ${attention.kind}`,
      build: () => unetGraph(config, weights, shape, { provider: 'cpu', attention }),
    },
    inputs: {
      sample: randn([1, config.inChannels, shape.height, shape.width], { generator }),
      timestep: { type: 'float32', dims: [1], data: Float32Array.of(500) },
      encoder_hidden_states: randn([1, shape.sequenceLength, config.crossAttentionDim], { generator }),
    },
  }
}
