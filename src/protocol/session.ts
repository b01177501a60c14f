export interface SessionState {
  variables: { name: string; type: string; value: string; size?: string }[]
  pipelines: { name: string; type: string; device: string; bytes: number }[]
  memory: { kernel: number; engines: number }
}
export interface StaleCell {
  cell?: string
  execution_count: number
  names: string[]
}
