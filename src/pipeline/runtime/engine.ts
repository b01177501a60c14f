import type { ModelGraph } from '../onnx/graph.js'
import { type Piece, pieces } from '../onnx/pieces.js'
import { serialized } from '../onnx/serialized.js'
import type { Tensor } from '../tensor.js'
import { type Connection, startEngineProcess } from './connection.js'
import type { Device, EngineMemory, EngineTensor, SerializedPiece } from './messages.js'

export { deviceKind } from './deviceName.js'
export { devicesLike, resolveDevice } from './devices.js'
export type { Device, EngineMemory, EngineTensor } from './messages.js'

/** A network that an engine can run: `build` is called when no session of this key is loaded, a crash included. */
export interface EngineModel {
  key: string
  build(): Promise<ModelGraph> | ModelGraph
  /** No session is held: the graph runs in pieces whose weights take so many bytes, each on the device while it runs (one session that stays). */
  pieceBytes?: number | undefined
}

export interface CallOptions {
  signal?: AbortSignal
}

/**
 * Sessions on one device, in a process of their own that starts with the first call and never outlives its caller.
 * Calls are served one at a time, in order; the caller's event loop stays free meanwhile.
 */
export interface Engine {
  readonly device: Device
  /** Creates the model's session if there is none. `run` does so by itself. */
  load(model: EngineModel, options?: CallOptions): Promise<void>
  /**
   * @throws the signal's reason, as soon as it aborts; a run that is then still going after 2 s is ended with its process
   * @throws OutOfMemoryError    with the bytes asked for, where they are known
   * @throws EngineCrashedError  the process ended; the next call starts a new one
   */
  run(model: EngineModel, inputs: Record<string, EngineTensor>, options?: CallOptions): Promise<Record<string, Tensor>>
  /** Frees the sessions whose key begins with `keyPrefix`; with the last of them the process ends. */
  release(keyPrefix: string): Promise<void>
  /** Zero where no process runs. */
  memory(): Promise<EngineMemory>
  /** Ends the process when the calls before are done. A later call starts a new one. */
  dispose(): Promise<void>
}

/** How long an aborted run may go on before its process is ended. */
const graceAfterAbort = 2000

const engines = new Map<Device, Engine>()

/** The engine of a device; there is one a device, and its process starts with the first call. */
export function openEngine(device: Device): Engine {
  const open = engines.get(device) ?? createEngine(device)
  engines.set(device, open)
  return open
}

function createEngine(device: Device): Engine {
  const inTurn = oneAtATime()
  let connection: Connection | undefined

  const living = async () => {
    if (connection && !connection.alive) await connection.ended // two at once could be too much for the memory
    if (!connection?.alive) connection = startEngineProcess(device)
    return connection
  }
  const end = async () => {
    connection?.kill()
    await connection?.ended
    connection = undefined
  }
  /** onnxruntime cannot stop a run, so one that outlasts the abort too long is ended with its process. */
  const endingOnAbort = async <T>(signal: AbortSignal | undefined, work: (on: Connection) => Promise<T>) => {
    signal?.throwIfAborted()
    const on = await living()
    let timer: NodeJS.Timeout | undefined
    const abort = () => {
      timer = setTimeout(on.kill, graceAfterAbort).unref()
      on.ask({ kind: 'stop' }).catch(() => {}) // that it ends, the run is told
    }
    signal?.addEventListener('abort', abort)
    try {
      signal?.throwIfAborted()
      return await work(on)
    } finally {
      signal?.removeEventListener('abort', abort)
      clearTimeout(timer)
    }
  }
  const load = async (on: Connection, model: EngineModel, signal?: AbortSignal) => {
    if (on.loaded.has(model.key)) return
    const graph = await model.build()
    signal?.throwIfAborted()
    const { key, pieceBytes } = model
    await on.ask(
      pieceBytes === undefined
        ? { kind: 'load', key, model: serialized(graph) }
        : { kind: 'load', key, pieces: pieces(graph, pieceBytes).map(toSend) },
    )
    on.loaded.add(model.key)
  }

  return {
    device,
    load: (model, { signal } = {}) =>
      untilAborted(signal, () => inTurn(() => endingOnAbort(signal, on => load(on, model, signal)))),
    run: (model, inputs, { signal } = {}) =>
      untilAborted(signal, () =>
        inTurn(() =>
          endingOnAbort(signal, async on => {
            await load(on, model, signal)
            signal?.throwIfAborted()
            const reply = await on.ask({ kind: 'run', key: model.key, inputs })
            if (reply.kind !== 'outputs') throw new Error(`expected outputs of "${model.key}", got ${reply.kind}`)
            return ownMemory(reply.outputs)
          }),
        ),
      ),
    release: keyPrefix =>
      inTurn(async () => {
        if (!connection?.alive) return
        const { loaded } = connection
        const freed = [...loaded].filter(key => key.startsWith(keyPrefix))
        if (freed.length === loaded.size) return end()
        for (const key of freed) loaded.delete(key)
        await connection.ask({ kind: 'release', keyPrefix })
      }),
    memory: async () => {
      if (!connection?.alive) return { resident: 0, peak: 0 }
      const reply = await connection.ask({ kind: 'memory' })
      if (reply.kind !== 'memory') throw new Error(`expected the engine's memory, got ${reply.kind}`)
      return { resident: reply.resident, peak: reply.peak }
    },
    dispose: () => inTurn(end),
  }
}

const toSend = (piece: Piece): SerializedPiece => ({ ...serialized(piece), spent: piece.spent })

/** Runs tasks one after the other, in the order of the calls, whether or not one fails. */
function oneAtATime(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return task => {
    const result = last.then(task)
    last = result.catch(() => {})
    return result
  }
}

/** Releases the caller as soon as the signal aborts; the work may go on for a while, unheard. */
async function untilAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (!signal) return work()
  signal.throwIfAborted()
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
  })
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Arrays that crossed the channel are views of the whole message; a caller's `data.buffer` must be the tensor alone. */
function ownMemory(outputs: Record<string, Tensor>): Record<string, Tensor> {
  for (const output of Object.values(outputs))
    if (output.data.byteLength !== output.data.buffer.byteLength) output.data = output.data.slice()
  return outputs
}
