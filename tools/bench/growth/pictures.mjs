import { setTimeout } from 'node:timers/promises'
import { withKernel } from '../kernelSession.mjs'
import { startOwnKernel } from '../kernels.mjs'
import { enginePid, heldBy } from '../memory.mjs'

const load = `import { StableDiffusionPipeline } from 'sdnb'
const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })`
const draw = seed => `(await pipeline('a red car at the beach', { numInferenceSteps: 2, seed: ${seed} })).images[0]`

/**
 * Pictures of the embedded model in one session, a cell each, as a notebook draws and shows them.
 * @param counts how many pictures in all, each time that memory is looked at
 * @returns after each count the bytes that the kernel and its engine hold as their own (RssAnon); undefined without /proc
 */
export const picturesInOneSession = counts =>
  withKernel({ argv: startOwnKernel }, async ({ client, pid }) => {
    const run = async code => {
      client.heard.length = 0 // what a client keeps is not the kernel's
      const { reply } = await client.ask('execute_request', { code })
      if (reply.status !== 'ok') throw new Error(`a cell ended with ${reply.evalue}`)
    }
    await run(load)
    const looks = []
    let drawn = 0
    for (const pictures of counts) {
      while (drawn < pictures) await run(draw(drawn++))
      await setTimeout(1000)
      looks.push({ pictures, kernel: heldBy(pid).private, engine: heldBy(enginePid(pid)).private })
    }
    return looks
  })
