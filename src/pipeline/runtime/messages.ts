/**
 * What an engine process and its caller say to each other: requests go down, each is answered by one reply with its id.
 * They cross the IPC channel by structured clone, so tensors travel as bytes. Before any of them the caller names the
 * device as the process's only argument.
 */
import type { Tensor } from '../tensor.js'
import type { Device } from './deviceName.js'

export type { Device }

export type EngineTensor = Tensor | { type: 'int32'; dims: number[]; data: Int32Array }

export type EngineRequest = { id: number } & (
  | { kind: 'load'; key: string; bytes: Uint8Array; externalDataRoot: string }
  | { kind: 'run'; key: string; inputs: Record<string, EngineTensor> }
  | { kind: 'release'; keyPrefix: string }
  | { kind: 'memory' }
)

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
