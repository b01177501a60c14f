import { readdirSync, readFileSync } from 'node:fs'

/** Living children of a process; one that has ended but was not waited for does not count. */
export function childrenOf(parent: number): number[] {
  return ids().filter(pid => isAlive(pid) && parentOf(pid) === parent)
}

/** Ids of the processes whose command line holds the text; none where there is no /proc. */
export function processesWith(text: string): number[] {
  return ids().filter(pid => commandOf(pid).includes(text))
}

/** Ids of the living processes whose environment holds the text. */
export function processesOf(text: string): number[] {
  return ids().filter(pid => isAlive(pid) && environmentOf(pid).includes(text))
}

export function isAlive(pid: number): boolean {
  const status = statusOf(pid)
  return status !== '' && !/^State:\s*[ZX]/m.test(status)
}

/** The files whose pages a process has in its memory, of those whose path ends so. */
export function mappedBy(pid: number, ending: string): string[] {
  const paths = read(`/proc/${pid}/maps`)
    .split('\n')
    .map(line => line.slice(73))
  return [...new Set(paths.filter(path => path.endsWith(ending)))]
}

export const seconds = (time: number) => new Promise(resolve => setTimeout(resolve, time * 1000))

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)/m.exec(statusOf(pid))?.[1])
}

const statusOf = (pid: number) => read(`/proc/${pid}/status`)

function ids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Boolean)
  } catch {
    return []
  }
}

const commandOf = (pid: number) => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
const environmentOf = (pid: number) => read(`/proc/${pid}/environ`)

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
