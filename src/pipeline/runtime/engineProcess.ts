/**
 * An engine process: holds onnxruntime's sessions for one device and answers the requests of messages.ts.
 * `session.run()` blocks its thread, so sessions live in a worker; the main thread stays free to hear that the parent
 * has gone, and then ends everything at once, a run included.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import type { InferenceSession } from 'onnxruntime-node'
import type { Tensor } from '../tensor.js'
import { type LoadedModel, modelInPieces, wholeModel } from './loadedModel.js'
import type { Device, EngineMemory, EngineReply, EngineRequest } from './messages.js'

const device = process.argv[2] as Device

if (isMainThread) listen()
else answerRequests()

function listen(): void {
  process.title = `sdnb engine ${device}`
  process.on('disconnect', end)
  process.on('SIGINT', () => {}) // Ctrl-C reaches the whole group: what it stops is the caller's to say
  if (!process.connected) end()
  offerItselfToTheOutOfMemoryKiller()

  const worker = new Worker(new URL(import.meta.url), { argv: [device] })
  worker.on('message', (reply: EngineReply) => process.send?.(reply))
  worker.on('error', error => {
    process.stderr.write(`${error.stack}\n`, () => process.exit(1))
  })
  process.on('message', (request: EngineRequest) => {
    if (request.kind === 'memory') process.send?.({ id: request.id, kind: 'memory', ...memory() } satisfies EngineReply)
    else worker.postMessage(request)
  })
}

/** SIGKILL, since an exit would wait for the worker's run, and native destructors may crash on the way out. */
function end(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** On Linux: when memory runs out, the engine ends and not the kernel that holds the user's variables. */
function offerItselfToTheOutOfMemoryKiller(): void {
  if (process.platform !== 'linux') return
  try {
    writeFileSync('/proc/self/oom_score_adj', '500')
  } catch {
    // a container may forbid it
  }
}

/** `ru_maxrss` starts at the parent's peak after a fork, so on Linux the peak is VmHWM. */
function memory(): EngineMemory {
  const resident = process.memoryUsage.rss()
  if (process.platform !== 'linux') return { resident, peak: process.resourceUsage().maxRSS * 1024 }
  const status = readFileSync('/proc/self/status', 'utf8')
  return { resident, peak: Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]) * 1024 }
}

function answerRequests(): void {
  const models = new Map<string, LoadedModel>()
  let turn = Promise.resolve()
  let isStopped = false
  parentPort?.on('message', (request: EngineRequest) => {
    if (request.kind === 'run' || request.kind === 'stop') isStopped = request.kind === 'stop'
    turn = turn.then(async () => {
      const reply = await answer(request, models, () => isStopped).catch((error: Error) => ({
        kind: 'error' as const,
        message: error.message,
      }))
      parentPort?.postMessage({ id: request.id, ...reply } satisfies EngineReply)
    })
  })
}

type Answer = { kind: 'done' } | { kind: 'outputs'; outputs: Record<string, Tensor> }

async function answer(
  request: EngineRequest,
  models: Map<string, LoadedModel>,
  isStopped: () => boolean,
): Promise<Answer> {
  const onnxruntime = await import('onnxruntime-node')
  switch (request.kind) {
    case 'load': {
      onnxruntime.env.logLevel = 'error'
      const model =
        'pieces' in request ? modelInPieces(request.pieces, device) : await wholeModel(request.model, device)
      models.set(request.key, model)
      return { kind: 'done' }
    }
    case 'run': {
      const model = models.get(request.key)
      if (!model) throw new Error(`no model "${request.key}" is loaded in this engine`)
      const feeds = Object.fromEntries(
        Object.entries(request.inputs).map(([name, { type, data, dims }]) => [
          name,
          type === 'int32' ? new onnxruntime.Tensor(type, data, dims) : new onnxruntime.Tensor(type, data, dims),
        ]),
      )
      const results = Object.entries(await model.run(feeds, isStopped))
      return {
        kind: 'outputs',
        outputs: Object.fromEntries(results.map(([name, value]) => [name, float32Tensor(name, value)])),
      }
    }
    case 'stop':
      return { kind: 'done' }
    case 'release':
      for (const [key, model] of models) {
        if (!key.startsWith(request.keyPrefix)) continue
        await model.release()
        models.delete(key)
      }
      return { kind: 'done' }
    case 'memory':
      throw new Error('memory is told by the main thread')
  }
}

function float32Tensor(name: string, { type, data, dims }: InferenceSession.OnnxValueMapType[string]): Tensor {
  if (!(data instanceof Float32Array)) throw new Error(`output "${name}" must be float32, got ${type}`)
  return { type: 'float32', data, dims: [...dims] }
}
