/**
 * Writes an SD 1.x pipeline of full size, 859,520,964 parameters in its U-Net, with random weights: what the benchmarks
 * and tests of memory run on where no real model can be had. Its pictures are noise.
 *
 *   node tools/full-size.mjs [FOLDER = out/sd1-full] [--dtype float32|float16]
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { configs } from './full-size/configs.mjs'
import { writeRandomWeights } from './full-size/randomWeights.mjs'
import { clipVocabulary } from './full-size/vocabulary.mjs'
import { root } from './setup.mjs'
import { source } from './source.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { dtype: { type: 'string', default: 'float32' } },
})
if (!['float32', 'float16'].includes(values.dtype)) {
  console.error(`--dtype must be float32 or float16, got ${values.dtype}`)
  process.exit(2)
}
const folder = positionals[0] ?? join(root, 'out/sd1-full')

const models = await source('pipeline/models/unet.ts', 'pipeline/models/vae.ts', 'pipeline/models/clip.ts')
const { unet, vae, textEncoder, scheduler, modelIndex, tokenizer } = configs
const parts = [
  ['unet', 'diffusion_pytorch_model', unet, models.unetWeightShapes(models.parseUNetConfig(unet, 'unet'))],
  ['vae', 'diffusion_pytorch_model', vae, models.vaeWeightShapes(models.parseVaeConfig(vae, 'vae'))],
  ['text_encoder', 'model', textEncoder, models.clipTextWeightShapes(models.parseClipTextConfig(textEncoder, 'text'))],
]
const unetParameters = 859_520_964
for (const [name, file, config, shapes] of parts) {
  await writeJson(`${name}/config.json`, config)
  const parameters = await writeRandomWeights(join(folder, name, `${file}.safetensors`), shapes, values.dtype)
  console.log(`${name}: ${parameters.toLocaleString('en-US')} parameters`)
  if (name === 'unet' && parameters !== unetParameters)
    throw new Error(`expected ${unetParameters} parameters in the U-Net of SD 1.x, got ${parameters}`)
}
const { vocab, merges } = clipVocabulary()
await writeJson('tokenizer/vocab.json', vocab)
await writeFile(join(folder, 'tokenizer/merges.txt'), `#version: 0.2\n${merges.join('\n')}\n`)
await writeJson('tokenizer/tokenizer_config.json', tokenizer)
await writeJson('scheduler/scheduler_config.json', scheduler)
await writeJson('model_index.json', modelIndex)
console.log(`${values.dtype}, in ${folder}`)

async function writeJson(name, value) {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`)
}
