import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { Generator, StableDiffusionPipeline } from '../../../src/pipeline/index.js'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/pipelines/${name}`, import.meta.url))

// Where the processor has them, 'balanced' computes whole steps in 8-bit integers: a LoRA is beside them, and what is fused takes their place.
it('LoRA changes a faster picture as it changes the exact one, beside the network and fused', async () => {
  await using pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })
  const drawn = async (quality: 'exact' | 'balanced') => {
    const call = { numInferenceSteps: 4, generator: new Generator(7), outputType: 'latent' as const, quality }
    return (await pipeline('photograph of a vintage car', call)).latents!.data
  }
  const apart = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, i) => value - b[i]))
  const base = { exact: await drawn('exact'), balanced: await drawn('balanced') }
  await pipeline.loadLoraWeights(fixture('lora/peft.safetensors'))
  const beside = { exact: await drawn('exact'), balanced: await drawn('balanced') }
  pipeline.fuseLora()
  const fused = { exact: await drawn('exact'), balanced: await drawn('balanced') }
  expect(apart(fused.exact, beside.exact)).toBeLessThan(1e-3 * apart(beside.exact, base.exact))
  for (const adapted of [beside, fused])
    expect(apart(adapted.balanced, adapted.exact)).toBeLessThan(0.5 * apart(adapted.balanced, base.balanced))
})
