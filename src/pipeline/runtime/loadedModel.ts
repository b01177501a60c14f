import type { InferenceSession } from 'onnxruntime-node'
import type { SerializedModel } from '../onnx/serialized.js'
import type { Device } from './deviceName.js'
import type { SerializedPiece } from './messages.js'
import { sessionOptions } from './sessionOptions.js'

type Values = InferenceSession.OnnxValueMapType

/** A model that runs in an engine process. */
export interface LoadedModel {
  /** @param isStopped whether nobody waits any more; asked where a run can end early */
  run(inputs: Values, isStopped: () => boolean): Promise<Values>
  release(): Promise<void>
}

/** In a session that lasts until its release. */
export async function wholeModel(model: SerializedModel, device: Device): Promise<LoadedModel> {
  const session = await sessionOf(model, device)
  return { run: inputs => session.run(inputs), release: () => session.release() }
}

/** Each piece in a session that lasts as long as it runs, so that no other's weights are on the device; what flows between them waits in this process. */
export function modelInPieces(pieces: readonly SerializedPiece[], device: Device): LoadedModel {
  return {
    async run(inputs, isStopped) {
      const values: Record<string, Values[string]> = { ...inputs }
      for (const piece of pieces) {
        if (isStopped()) throw new Error('stopped between two pieces')
        const session = await sessionOf(piece, device)
        try {
          Object.assign(values, await session.run(values))
        } finally {
          await session.release()
        }
        for (const name of piece.spent) delete values[name]
      }
      return values
    },
    async release() {},
  }
}

async function sessionOf({ bytes, externalDataRoot }: SerializedModel, device: Device): Promise<InferenceSession> {
  const { InferenceSession } = await import('onnxruntime-node')
  return InferenceSession.create(bytes, sessionOptions(device, externalDataRoot))
}
