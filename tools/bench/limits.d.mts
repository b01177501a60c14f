export interface Limit {
  what: string
  value: number
  most: number
  show(value: number): string
}
export function isKept(limit: Limit): boolean
export function limitsTable(limits: Limit[]): string
