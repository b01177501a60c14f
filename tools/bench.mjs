/**
 * npm run bench [-- FOLDER] [--calls N] [--python PATH] [--json]
 *
 * Times the U-Net of a pipeline folder (default: out/sd1-full, written by tools/full-size.mjs when it is missing): a
 * session's creation, the first call, further calls, memory, and how long the caller's event loop was held; then the
 * three attention graphs' memory, a picture of the embedded model, and what each quality takes and costs. With a Python that has torch and diffusers
 * (--python or SDNB_BENCH_PYTHON), diffusers runs the same weights in turns with it, and the ratio is told.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { attentionMemory } from './bench/attention.mjs'
import { openPeer } from './bench/peer.mjs'
import { tinyPicture } from './bench/picture.mjs'
import { qualityCost } from './bench/quality.mjs'
import { report } from './bench/report.mjs'
import { benchUNet } from './bench/unet.mjs'
import { root } from './setup.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: 'string', default: '5' },
    python: { type: 'string', default: process.env.SDNB_BENCH_PYTHON },
    json: { type: 'boolean', default: false },
  },
})
const calls = Number(values.calls)
if (!Number.isInteger(calls) || calls < 1) {
  console.error(`--calls must be a whole number from 1, got ${values.calls}`)
  process.exit(2)
}
const full = join(root, 'out/sd1-full')
const folder = positionals[0] ?? full
if (folder === full && !existsSync(join(full, 'model_index.json')))
  execFileSync(process.execPath, [join(root, 'tools/full-size.mjs'), full], { stdio: ['ignore', 2, 2] })

const peer = values.python ? await openPeer(values.python, folder) : undefined
const unet = await benchUNet(folder, calls, peer)
await peer?.close()
const result = {
  ...unet,
  attention: await attentionMemory(folder),
  picture: await tinyPicture(),
  quality: await qualityCost(folder),
}
console.log(values.json ? JSON.stringify(result, null, 2) : report(result))
