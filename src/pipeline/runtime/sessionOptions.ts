import type { InferenceSession } from 'onnxruntime-node'
import { type Device, deviceIndex, deviceKind } from './deviceName.js'

/**
 * How a session is created on a device.
 * @param externalDataRoot  the folder below which the graph's external initializers lie
 */
export function sessionOptions(device: Device, externalDataRoot: string): InferenceSession.SessionOptions {
  const session: Record<string, string> = { model_external_initializers_file_folder_path: externalDataRoot }
  const kind = deviceKind(device)
  const deviceId = deviceIndex(device)
  // On the CPU weights stay pages of the .safetensors file: prepacking, and the convolution layout of level 'all', would
  // copy them to the heap, 1 s and 10 to 18 s for the U-Net of SD 1.x, for calls that are at most 4 % faster.
  if (kind === 'cpu') session.disable_prepacking = '1'
  return {
    executionProviders: [deviceId && kind !== 'cpu' ? { name: kind, deviceId } : kind],
    graphOptimizationLevel: kind === 'cpu' ? 'extended' : 'all',
    // Planning memory from the first call's pattern took 0.23 GB more from the second on, and no less time.
    enableMemPattern: kind !== 'cpu',
    logSeverityLevel: 3,
    extra: { session },
  }
}
