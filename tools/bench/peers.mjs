import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { root } from '../setup.mjs'
import { watchMemory } from './memory.mjs'
import { seconds } from './time.mjs'

/** Of those that a peer needs, the versions of what a Python has. */
export function pythonPackages(python) {
  const script = `
import json
from importlib import metadata
found = {}
for name in ['torch', 'diffusers', 'onnxruntime', 'onnx', 'onnxscript', 'openvino']:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))`
  return JSON.parse(execFileSync(python, ['-c', script], { encoding: 'utf8' }))
}

/** Why a peer that needs these packages is not measured; undefined when it is. */
export function absence(python, needs) {
  if (!python) return 'no --python was given'
  const missing = needs.filter(name => !python.packages[name])
  return missing.length > 0 ? `the Python has no ${missing.join(', ')}` : undefined
}

/**
 * A peer: a script of peers/ in a Python process that answers one line of JSON a request, the first when it is ready.
 * @returns `about`, the first answer; `ready`, seconds from the process's start to it; `ask`
 */
export async function openPeer(python, script, ...args) {
  const started = performance.now()
  const child = startPython(python, script, args, ['pipe', 'pipe', 'inherit'])
  const exit = once(child, 'exit')
  const memory = watchMemory(() => child.pid)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${script} ended before it answered`)
    return JSON.parse(value)
  }
  const about = await answer()
  return {
    about,
    ready: (performance.now() - started) / 1000,
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      return answer()
    },
    /** @returns what it held at most, bytes */
    async close() {
      const held = memory.stop()
      child.stdin.end()
      await exit
      return held
    },
  }
}

/** A peer that runs one network: `call(inputs)` → the seconds it took, and its output. */
export async function openNetworkPeer(python, script, ...args) {
  const exchange = await mkdtemp(join(tmpdir(), 'sdnb-bench-'))
  const peer = await openPeer(python, script, exchange, ...args)
  return {
    ...peer,
    async call(inputs) {
      const shapes = {}
      for (const [name, { data, dims }] of Object.entries(inputs)) {
        await writeFile(join(exchange, name), data)
        shapes[name] = dims
      }
      const answer = await peer.ask(shapes)
      const bytes = await readFile(join(exchange, 'out_sample'))
      return { seconds: answer.seconds, output: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) }
    },
    async close() {
      const held = await peer.close()
      await rm(exchange, { recursive: true })
      return held
    },
  }
}

/**
 * What torch's exporters make of a folder, for those who run no checkpoint: made once, kept below out/.
 * @param format 'onnx' | 'openvino'
 * @returns where it lies, and what it took to make: seconds, and bytes held at most
 */
export async function exported(python, folder, format) {
  const weights = statSync(join(folder, 'unet/diffusion_pytorch_model.safetensors'))
  const scripts = [`export_${format}.py`, 'networks.py'].map(name => readFileSync(peerScript(name), 'utf8'))
  const made = JSON.stringify([realpathSync(folder), weights.size, weights.mtimeMs, python.packages, scripts])
  const target = join(root, 'out/bench', format, createHash('sha256').update(made).digest('hex').slice(0, 12))
  const record = join(target, 'export.json')
  if (!existsSync(record)) {
    process.stderr.write(`  Exporting the networks for ${format}, once …\n`)
    const unfinished = `${target}.unfinished`
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished, { recursive: true })
    const run = await seconds(async () => {
      const child = startPython(python.path, `export_${format}.py`, [folder, unfinished], ['ignore', 2, 2])
      const memory = watchMemory(() => child.pid)
      const [code] = await once(child, 'exit')
      if (code !== 0) throw new Error(`the export for ${format} failed`)
      return memory.stop()
    })
    await writeFile(join(unfinished, 'export.json'), JSON.stringify({ seconds: run.seconds, ...run.value }))
    await rename(unfinished, target)
  }
  return { path: target, ...JSON.parse(readFileSync(record, 'utf8')) }
}

/** A script of peers/, without its libraries' warnings and bars. */
export function startPython(python, script, args, stdio) {
  const env = { ...process.env, TRANSFORMERS_VERBOSITY: 'error', TQDM_DISABLE: '1' }
  return spawn(python, ['-W', 'ignore', peerScript(script), ...args], { env, stdio })
}

const peerScript = name => fileURLToPath(new URL(`peers/${name}`, import.meta.url))
