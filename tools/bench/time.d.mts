export function seconds<T>(work: () => T | Promise<T>): Promise<{ value: T; seconds: number }>
export function spread(times: number[]): { min: number; median: number; max: number; times: number[] }
