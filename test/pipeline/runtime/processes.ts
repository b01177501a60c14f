import { readdirSync, readFileSync } from 'node:fs'

/** Living children of a process; one that has ended but was not waited for does not count. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && isAlive(Number(name)) && parentOf(name) === parent)
    .map(Number)
}

export function isAlive(pid: number): boolean {
  const status = statusOf(pid)
  return status !== '' && !/^State:\s*[ZX]/m.test(status)
}

export const seconds = (time: number) => new Promise(resolve => setTimeout(resolve, time * 1000))

function parentOf(pid: string): number {
  return Number(/^PPid:\s*(\d+)/m.exec(statusOf(Number(pid)))?.[1])
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}
