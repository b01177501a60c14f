import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** diffusers' U-Net of the same folder, in a Python process that answers one line a request. */
export async function openPeer(python, folder) {
  const exchange = await mkdtemp(join(tmpdir(), 'sdnb-bench-'))
  const script = fileURLToPath(new URL('peer.py', import.meta.url))
  const child = spawn(python, [script, join(folder, 'unet'), exchange], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${python} ended: it needs torch and diffusers`)
    return JSON.parse(value)
  }
  const ask = request => {
    child.stdin.write(`${request}\n`)
    return answer()
  }
  let sent = false
  return {
    about: await answer(),
    async call(inputs) {
      if (!sent) {
        for (const [name, { data }] of Object.entries(inputs)) await writeFile(join(exchange, name), data)
        await writeFile(
          join(exchange, 'shapes.json'),
          JSON.stringify(Object.fromEntries(Object.entries(inputs).map(([name, { dims }]) => [name, dims]))),
        )
        sent = true
      }
      const { seconds } = await ask('call')
      const bytes = await readFile(join(exchange, 'out_sample'))
      return { seconds, output: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) }
    },
    memory: () => ask('memory'),
    async close() {
      child.stdin.end()
      await rm(exchange, { recursive: true })
    },
  }
}
