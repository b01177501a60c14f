import { readdirSync, readFileSync } from 'node:fs'

/** Living children of a process; one that has ended but was not waited for does not count. */
export function childrenOf(parent: number): number[] {
  return ids().filter(pid => isAlive(pid) && parentOf(pid) === parent)
}

/** Ids of the processes whose command line holds the text; none where there is no /proc. */
export function processesWith(text: string): number[] {
  return ids().filter(pid => commandOf(pid).includes(text))
}

export function isAlive(pid: number): boolean {
  const status = statusOf(pid)
  return status !== '' && !/^State:\s*[ZX]/m.test(status)
}

export const seconds = (time: number) => new Promise(resolve => setTimeout(resolve, time * 1000))

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)/m.exec(statusOf(pid))?.[1])
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}

function ids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Boolean)
  } catch {
    return []
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
