import { readdirSync, readFileSync } from 'node:fs'

/**
 * Watches what a process holds, by Linux's /proc; elsewhere nothing is told.
 * @param pidOf its id, or undefined while it has not started
 * @returns `stop()` → `peak`, the most that was resident, pages of files included, and `private`, the most of it that was seen to be
 *   its own (RssAnon, every 20 ms), bytes
 */
export function watchMemory(pidOf) {
  const held = {}
  const look = () => {
    const pid = pidOf()
    const status = pid && read(`/proc/${pid}/status`)
    const peak = status && field(status, 'VmHWM')
    if (!peak) return
    held.peak = Math.max(held.peak ?? 0, peak)
    held.private = Math.max(held.private ?? 0, field(status, 'RssAnon'))
  }
  const timer = setInterval(look, 20).unref()
  return {
    stop() {
      clearInterval(timer)
      look()
      return held
    },
  }
}

/** The id of this process's engine. */
export function enginePid() {
  let tasks = []
  try {
    tasks = readdirSync('/proc/self/task')
  } catch {}
  const children = tasks.flatMap(task => (read(`/proc/self/task/${task}/children`) ?? '').split(' ').filter(Boolean))
  return children.find(pid => read(`/proc/${pid}/comm`)?.startsWith('sdnb engine'))
}

const field = (status, name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
