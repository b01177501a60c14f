import type { DoctorReport } from '../../protocol/commandLine.js'

export interface DeviceItem {
  label: string
  description?: string
  detail?: string
  /** the setting's value */
  device: string
  /** why it cannot be taken */
  problem?: string
}

const names: Record<string, string> = {
  cuda: 'NVIDIA graphics card, by CUDA',
  dml: 'graphics card, by DirectML',
  webgpu: 'graphics card, by WebGPU',
  coreml: 'Apple silicon, by Core ML',
  cpu: 'processor',
}

/** What to choose from: `auto`, what works, and what does not with the reason. */
export function deviceItems(devices: DoctorReport['devices'], current: string): DeviceItem[] {
  const isCurrent = (device: string) => (device === current ? ' (now)' : '')
  const chosen = devices.find(device => device.chosen)?.device
  const rank = ({ works }: { works: boolean }) => (works ? 0 : 1)
  return [
    {
      label: '$(sparkle) auto',
      description: `the best that works, here ${chosen}${isCurrent('auto')}`,
      device: 'auto',
    },
    ...[...devices]
      .sort((a, b) => rank(a) - rank(b))
      .map(({ device, works, reason }) => ({
        label: `$(${works ? 'circuit-board' : 'circle-slash'}) ${device}`,
        description: `${names[device.split(':')[0]] ?? ''}${isCurrent(device)}`,
        detail: reason,
        device,
        problem: works ? undefined : reason,
      })),
  ]
}
