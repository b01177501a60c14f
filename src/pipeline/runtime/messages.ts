/**
 * What an engine process and its caller say to each other: requests go down, each is answered by one reply with its id.
 * They cross the IPC channel by structured clone, so tensors travel as bytes. Before any of them the caller names the
 * device as the process's only argument.
 */
import type { SerializedModel } from '../onnx/serialized.js'
import type { Tensor } from '../tensor.js'
import type { Device } from './deviceName.js'

export type { Device }

export type EngineTensor = Tensor | { type: 'int32'; dims: number[]; data: Int32Array }

export type EngineRequest = { id: number } & (
  | { kind: 'load'; key: string; model: SerializedModel }
  | { kind: 'load'; key: string; pieces: SerializedPiece[] }
  | { kind: 'run'; key: string; inputs: Record<string, EngineTensor> }
  | { kind: 'stop' } // the run that is going, where its model is in pieces: it ends before the next
  | { kind: 'release'; keyPrefix: string }
  | { kind: 'memory' }
)

/** A stretch of a model, run in a session of its own. */
export interface SerializedPiece extends SerializedModel {
  /** values that nothing takes when it has run */
  spent: string[]
}

export type EngineReply = { id: number } & (
  | { kind: 'done' }
  | { kind: 'outputs'; outputs: Record<string, Tensor> }
  | ({ kind: 'memory' } & EngineMemory)
  | { kind: 'error'; message: string }
)

/** Bytes of the engine process that are in memory, now and at most so far; file-backed weights count. */
export interface EngineMemory {
  resident: number
  peak: number
}
