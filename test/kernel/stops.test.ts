// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells hold templates
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createBindings } from '../../src/kernel/cells/bindings.js'
import { type RunningCell, runInCell } from '../../src/kernel/cells/cell.js'
import { execute } from '../../src/kernel/cells/execute.js'
import { createModules } from '../../src/kernel/cells/modules.js'

/** Runs a cell that waits by `tick()`, stops it, and tells how it ended and how far it went on after the stop. */
async function stopped(code: string): Promise<{ end: unknown; ticks: number }> {
  const stop = new AbortController()
  let ticks = 0
  const given = {
    tick: async () => {
      if (stop.signal.aborted) ticks++
      await setTimeout(1)
    },
    setTimeout,
  }
  const session = {
    cwd: process.cwd(),
    bindings: createBindings(given),
    modules: createModules(process.cwd()),
    watchNames: () => () => ({ reads: [], changed: [] }),
  }
  const cell: RunningCell = {
    parent: { msg_id: '', msg_type: 'execute_request', session: '', username: '', date: '', version: '5.5' },
    outlet: { send() {}, print() {}, settled: async () => {}, close() {} },
    signal: stop.signal,
    isStopWanted: () => false,
    end() {},
    report() {},
  }
  const end = runInCell(cell, () => execute(code, 1, session, cell)).then(
    () => 'went on',
    error => error,
  )
  await setTimeout(20)
  stop.abort('stopped')
  return { end: await Promise.race([end, setTimeout(1000, 'still runs')]), ticks }
}

test.each([
  ['for (;;) await tick()'],
  ['async function f() { for (;;) await tick() } await f()'],
  ['const f = async () => { for (;;) `${await tick()}` }; await f()'],
  ['for (;;) { try { await tick() } catch {} }'],
  ['for (;;) { try { await tick() } catch (error) {} }'],
  ['for (;;) { try { await tick() } catch ({ message }) {} }'],
  ['async function* g() { for (;;) yield tick() } for await (const x of g());'],
  ['async function* g() { await tick() } for (;;) { for await (const x of g()); }'],
  ['async function* g() { for (;;) yield tick() } a: for (;;) { b: for await (const x of g()) continue a }'],
  ['for (;;) { const [a = await tick()] = []; a as number }'],
  ['enum A { B } for (;;) { using x = null; await tick() }'],
  ['const g = (async function* () { for (;;) { try { yield tick() } catch {} } })(); for (;;) await g.next()'],
])('a stopped cell ends behind its next wait: %s', async code => {
  expect(await stopped(code)).toEqual({ end: 'stopped', ticks: 0 })
})

test('what was to be cleaned up is', async () => {
  const code = 'try { for (;;) await tick() } finally { globalThis.cleaned = true }'
  expect(await stopped(code)).toEqual({ end: 'stopped', ticks: 0 })
  expect(Reflect.get(globalThis, 'cleaned')).toBe(true)
})
