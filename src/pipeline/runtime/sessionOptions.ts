import type { InferenceSession } from 'onnxruntime-node'
import type { Device } from './devices.js'

/**
 * How a session is created on a device.
 * @param externalDataRoot  the folder below which the graph's external initializers lie
 */
export function sessionOptions(device: Device, externalDataRoot: string): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    // 'all' copies every convolution's weights into a blocked layout: 10 to 18 s for the U-Net of SD 1.x, for 4 % a call.
    graphOptimizationLevel: 'extended',
    logSeverityLevel: 3,
    extra: {
      session: {
        model_external_initializers_file_folder_path: externalDataRoot,
        // Weights stay pages of the .safetensors file instead of becoming a second copy on the heap.
        disable_prepacking: '1',
      },
    },
  }
}
