import type { InstallReport } from '../../protocol/commandLine.js'
import { sizeText } from '../../protocol/sizeText.js'

export type InstallPlan = Extract<InstallReport, { type: 'plan' }>

export interface CudaQuestion {
  message: string
  detail: string
  /** title of the button that goes on; absent where the disk has no room */
  yes?: string
}

/** What is asked before gigabytes come: their sizes, the disk that they take, what is in the way all the same. */
export function cudaQuestion({ parts, bytes, disks, warning }: InstallPlan): CudaQuestion {
  const full = disks.find(({ room, free }) => room > free)
  const lines = [
    ...(warning ? [warning, ''] : []),
    ...parts.map(({ name, version, bytes }) => `${name} ${version}: ${sizeText(bytes)}`),
    '',
    ...disks.map(({ folder, room, free }) => `${sizeText(room)} of disk in ${folder}, ${sizeText(free)} free.`),
  ]
  if (full) return { message: 'CUDA does not fit on the disk', detail: [...lines, 'Make room.'].join('\n') }
  const licences = "NVIDIA's licences apply to CUDA and cuDNN."
  return { message: 'Install CUDA?', detail: [...lines, licences].join('\n'), yes: `Download ${sizeText(bytes)}` }
}
