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
    const { peak, private: own } = heldBy(pidOf())
    if (!peak) return
    held.peak = Math.max(held.peak ?? 0, peak)
    held.private = Math.max(held.private ?? 0, own)
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

/** What a process holds now as its own, and the most that was resident, bytes; empty where it or /proc is not there. */
export function heldBy(pid) {
  const status = pid && read(`/proc/${pid}/status`)
  return status ? { peak: field(status, 'VmHWM'), private: field(status, 'RssAnon') } : {}
}

/** The id of a process's engine. */
export function enginePid(parent = 'self') {
  let tasks = []
  try {
    tasks = readdirSync(`/proc/${parent}/task`)
  } catch {}
  const children = tasks.flatMap(task =>
    (read(`/proc/${parent}/task/${task}/children`) ?? '').split(' ').filter(Boolean),
  )
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
