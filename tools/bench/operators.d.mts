export interface ProfileEvent {
  cat: string
  name: string
  ts: number
  dur: number
  args?: { op_name?: string }
}
export function secondsByOperator(
  events: ProfileEvent[],
  before?: number,
): {
  whole: number
  operators: { operator: string; count: number; seconds: number }[]
}
