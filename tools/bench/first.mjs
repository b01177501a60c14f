/** The first picture of a pipeline folder, or the first call of its U-Net, as a script of its own. Arguments: FOLDER picture|call STEPS */
import { randn, StableDiffusionPipeline } from 'sdnb'

const [folder, what, steps] = process.argv.slice(2)
const pipeline = await StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu' })
if (what === 'picture') await pipeline('a vintage car', { numInferenceSteps: Number(steps), seed: 7 })
else {
  const { inChannels, sampleSize, crossAttentionDim } = pipeline.unet.config
  const encoderHiddenStates = randn([1, pipeline.tokenizer.modelMaxLength, crossAttentionDim])
  await pipeline.unet(randn([1, inChannels, sampleSize, sampleSize]), 500, { encoderHiddenStates })
}
console.log('done')
