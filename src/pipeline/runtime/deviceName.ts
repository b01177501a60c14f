/** What onnxruntime calls an execution provider. */
export type DeviceKind = 'cpu' | 'cuda' | 'webgpu' | 'dml' | 'coreml'

/** `'cuda:1'` is the second device of its kind, as in torch; the first has no number: `'cuda'`. */
export type Device = DeviceKind | `${DeviceKind}:${number}`

/** A kind and a number from 0, of which the first device may go without. */
export const devicePattern = /^([a-z]+)(?::(\d{1,3}))?$/

export function deviceName(kind: DeviceKind, index: number): Device {
  return index === 0 ? kind : `${kind}:${index}`
}

export function deviceKind(device: Device): DeviceKind {
  return device.split(':')[0] as DeviceKind
}

/** Which of its kind, from 0. */
export function deviceIndex(device: Device): number {
  return Number(device.split(':')[1] ?? 0)
}
