import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { source } from '../source.mjs'
import { decibels } from './decibels.mjs'
import { gb, range, s, table, times } from './markdown.mjs'
import { enginePid, watchMemory } from './memory.mjs'
import { absence, exported, openPeer } from './peers.mjs'
import { seconds, spread } from './time.mjs'

export const title = 'A picture, end to end'

const request = { prompt: 'a car', steps: 25, guidance: 7.5, seed: 1 }
const needs = ['openvino', 'torch', 'diffusers']
const openvino = 'OpenVINO, bfloat16'

/** A picture of the folder at each quality, in turns with OpenVINO's; then the embedded model's, alone. */
export async function measure({ folder, pictures, python }) {
  const { StableDiffusionPipeline, qualities } = await source('pipeline/index.ts', 'pipeline/pipelines/quality.ts')
  const ours = await StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu' })
  const { prompt, steps, guidance, seed } = request
  const draw = quality => ours(prompt, { numInferenceSteps: steps, guidanceScale: guidance, seed, quality })
  const absent = absence(python, needs)
  const peer = absent ? undefined : await openPicturePeer(python, folder)

  const drawn = Object.fromEntries(qualities.map(quality => [quality, []]))
  const theirs = []
  const held = {}
  const images = {}
  for (let round = 0; round < pictures; round++) {
    for (const quality of qualities) {
      const memory = watchMemory(enginePid)
      await ours(prompt, { numInferenceSteps: 1, guidanceScale: guidance, seed, quality }) // makes the sessions
      const { value, seconds: took } = await seconds(() => draw(quality))
      drawn[quality].push(took)
      images[quality] = value.images[0]
      held[quality] = memory.stop()
      await ours.dispose() // each quality's sessions and memory are its own
    }
    if (peer) theirs.push(await peer.draw(request))
  }
  const peerHeld = await peer?.close()
  return {
    ...{ steps, size: images.exact.width },
    qualities: qualities.map(quality => ({
      ...{ quality, ...held[quality], call: spread(drawn[quality]) },
      ...(peer && { ratio: spread(drawn[quality].map((took, i) => took / theirs[i].seconds)) }),
    })),
    peer: peer
      ? {
          ...{
            call: spread(theirs.map(({ seconds }) => seconds)),
            calls: theirs[0].calls,
            ready: peer.ready,
            ...peerHeld,
          },
          decibels: decibels(images.exact.data, theirs[0].pixels),
          versions: needs.map(need => `${need} ${python.packages[need]}`),
        }
      : { absent },
    tiny: await tinyPicture(StableDiffusionPipeline),
  }
}

export function section({ steps, size, qualities, peer, tiny }) {
  const rows = qualities.map(({ quality, call, ratio, peak, private: own }) => [
    ...[`**SD Notebook**, \`quality: '${quality}'\``, range(call), ratio ? range(ratio, times) : ''],
    ...[gb(peak), gb(own)],
  ])
  if (!peer.absent) rows.push([openvino, range(peer.call), '', gb(peer.peak), gb(peer.private)])
  const parts = [
    `Stable Diffusion 1.x at ${size} × ${size} on the CPU, ${steps} steps of PNDM, which are ${steps + 1} calls of the U-Net, with guidance 7.5 (batch 2): ` +
      `text encoder, U-Net and decoder, from the call to the picture, ${qualities[0].call.times.length} of each in turns. ` +
      'Sessions are ready before it; each quality has a process of its own.',
    table(['', 'a picture', "times OpenVINO's", 'peak resident', 'of it private'], rows),
    peer.absent
      ? `${openvino}: not measured, ${peer.absent}.`
      : `${openvino}: ready after ${s(peer.ready)}, the same tokens, noise and steps, ${peer.calls} calls; its picture is ` +
        `${peer.decibels.toFixed(1)} dB from our exact one. Versions: ${peer.versions.join(', ')}.`,
    `\`sdnb/tiny\`, ${tiny.steps} steps: the first picture of a pipeline ${s(tiny.first)}, the next ${s(tiny.next)}.`,
  ]
  return parts.join('\n\n')
}

async function openPicturePeer(python, folder) {
  process.stderr.write(`  ${openvino} …\n`)
  const { path } = await exported(python, folder, 'openvino')
  const exchange = await mkdtemp(join(tmpdir(), 'sdnb-bench-'))
  const peer = await openPeer(python.path, 'openvino_picture.py', exchange, path, folder, 'bf16')
  return {
    ready: peer.ready,
    draw: async request => ({ ...(await peer.ask(request)), pixels: await readFile(join(exchange, 'picture')) }),
    async close() {
      const held = await peer.close()
      await rm(exchange, { recursive: true })
      return held
    },
  }
}

/** The first picture, sessions included, and the next. */
async function tinyPicture(StableDiffusionPipeline) {
  const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
  const { steps } = request
  const picture = async () =>
    (await seconds(() => pipeline('a vintage car', { numInferenceSteps: steps, seed: 7 }))).seconds
  const first = await picture()
  const next = await picture()
  await pipeline.dispose()
  return { steps, first, next }
}
