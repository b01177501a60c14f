import type { InferenceSession } from 'onnxruntime-node'
import type { SerializedModel } from '../onnx/serialized.js'
import { type Device, deviceIndex, deviceKind } from './deviceName.js'

/** How a model's session is created on a device. */
export function sessionOptions(
  device: Device,
  { externalDataRoot, derivesWeights }: Omit<SerializedModel, 'bytes'>,
): InferenceSession.SessionOptions {
  const session: Record<string, string> = { model_external_initializers_file_folder_path: externalDataRoot }
  const kind = deviceKind(device)
  const deviceId = deviceIndex(device)
  // On the CPU weights stay pages of the .safetensors file: prepacking, and the convolution layout of level 'all', would
  // copy them to the heap, 1 s and 10 to 18 s for the U-Net of SD 1.x, for calls that are at most 4 % faster.
  if (kind === 'cpu') session.disable_prepacking = '1'
  return {
    executionProviders: [deviceId && kind !== 'cpu' ? { name: kind, deviceId } : kind],
    // Our graphs for the CPU leave nothing to fuse, and looking for it takes longer than all else; 'basic' makes weights of weights once.
    graphOptimizationLevel: kind !== 'cpu' ? 'all' : derivesWeights ? 'basic' : 'disabled',
    // Planning memory from the first call's pattern took 0.23 GB more from the second on, and no less time.
    enableMemPattern: kind !== 'cpu',
    logSeverityLevel: 3,
    extra: { session },
  }
}
