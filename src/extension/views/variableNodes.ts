import type { SessionState } from '../../protocol/session.js'
import { sizeText } from '../../protocol/sizeText.js'

/** One line of the view. */
export interface VariableNode {
  kind: 'pipeline' | 'variable'
  name: string
  /** beside the name */
  description: string
  tooltip: string
}

/** Pipelines first, with their device and memory; then the other variables. */
export function variableNodes(session: SessionState | undefined): VariableNode[] {
  const { pipelines = [], variables = [] } = session ?? {}
  const isPipeline = new Set(pipelines.map(({ name }) => name))
  return [
    ...pipelines.map(({ name, type, device, bytes }) => {
      const memory = bytes ? sizeText(bytes) : 'not used yet'
      return {
        ...{ kind: 'pipeline' as const, name },
        description: `${device}, ${memory}`,
        tooltip: `${name}: ${type}\non ${device}, ${memory}`,
      }
    }),
    ...variables
      .filter(({ name }) => !isPipeline.has(name))
      .map(({ name, type, value, size }) => ({
        ...{ kind: 'variable' as const, name },
        description: [type, size, value].filter(Boolean).join('  '),
        tooltip: `${name}: ${type}${size ? `, ${size}` : ''}\n${value}`,
      })),
  ]
}
