import type { SessionState } from '../../protocol/session.js'
import { sizeText } from '../../protocol/sizeText.js'

export interface MemoryItem {
  label: string
  description?: string
  detail?: string
  /** it frees all that the notebook's kernel holds */
  shutsDown?: true
}

/** What a notebook's kernel holds: each pipeline, the kernel itself, and the way to be rid of them. */
export function memoryItems(session: SessionState | undefined): MemoryItem[] {
  const { pipelines = [], memory } = session ?? {}
  return [
    ...pipelines.map(({ name, type, device, bytes }) => ({
      label: `$(circuit-board) ${name}`,
      description: `${type} on ${device}, ${bytes ? sizeText(bytes) : 'not used yet'}`,
    })),
    ...(pipelines.length === 0 ? [{ label: '$(circle-slash) No pipeline is loaded' }] : []),
    ...(memory
      ? [
          {
            label: '$(server) Memory',
            description: `kernel ${sizeText(memory.kernel)}, models ${sizeText(memory.engines)}`,
          },
        ]
      : []),
    {
      label: '$(debug-disconnect) Shut Down Kernel',
      description: 'frees all of it; variables are lost',
      shutsDown: true,
    },
  ]
}
