import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { source } from '../source.mjs'

const pipeline = await source(
  'pipeline/runtime/engine.ts',
  'pipeline/models/unet.ts',
  'pipeline/models/vae.ts',
  'pipeline/weights/safetensors.ts',
  'pipeline/weights/int8Weights.ts',
  'pipeline/random.ts',
)
const {
  openEngine,
  parseUNetConfig,
  unetGraph,
  unetInt8Keys,
  int8Weights,
  parseVaeConfig,
  vaeDecoderGraph,
  readSafetensors,
  randn,
  Generator,
} = pipeline
export const engine = openEngine('cpu')

/**
 * A folder's U-Net, with all tokens that its text encoder gives: an engine's model and its inputs.
 * @param form batch 1, the network's own size in pixels and float32, where they are not given
 */
export async function unetOf(folder, attention, { batch = 1, size, int8 = false } = {}) {
  const { json, weights } = await partOf(folder, 'unet')
  const config = parseUNetConfig(json, 'unet/config.json')
  const { max_position_embeddings: sequenceLength } = await configOf(folder, 'text_encoder')
  const side = size === undefined ? config.sampleSize : size / 8
  const shape = { batch, height: side, width: side, sequenceLength, ...(int8 && { int8 }) }
  const generator = new Generator(0)
  return {
    size: 8 * side,
    weightBytes: [...weights.values()].reduce((sum, { length }) => sum + length, 0),
    model: {
      key: `unet ${attention.kind}${int8 ? ' int8' : ''}`,
      build: async () => {
        const eightBits = int8 ? await int8Weights(weights, unetInt8Keys(config)) : undefined
        return unetGraph(config, weights, shape, { provider: 'cpu', attention }, eightBits)
      },
    },
    inputs: {
      sample: randn([batch, config.inChannels, side, side], { generator }),
      timestep: { type: 'float32', dims: [1], data: Float32Array.of(500) },
      encoder_hidden_states: randn([batch, sequenceLength, config.crossAttentionDim], { generator }),
    },
  }
}

/** The decoder of a folder's VAE, for one picture of `size` pixels a side, as {@link unetOf}. */
export async function decoderOf(folder, size) {
  const { json, weights } = await partOf(folder, 'vae')
  const config = parseVaeConfig(json, 'vae/config.json')
  const shape = { batch: 1, height: size / 8, width: size / 8 }
  const options = { provider: 'cpu', attention: { kind: 'fused' } }
  return {
    model: { key: 'decoder', build: () => vaeDecoderGraph(config, weights, shape, options) },
    inputs: { latents: randn([1, config.latentChannels, size / 8, size / 8], { generator: new Generator(0) }) },
  }
}

async function partOf(folder, name) {
  return {
    json: await configOf(folder, name),
    weights: await readSafetensors(join(folder, name, 'diffusion_pytorch_model.safetensors')),
  }
}

const configOf = async (folder, name) => JSON.parse(await readFile(join(folder, name, 'config.json'), 'utf8'))
