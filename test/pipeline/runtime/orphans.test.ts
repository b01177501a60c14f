import { type ChildProcess, spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { childrenOf, isAlive, seconds } from '../../support/processes.js'

const program = fileURLToPath(new URL(`../../../dist/test/parent-${process.pid}.js`, import.meta.url))
beforeAll(() =>
  build({
    entryPoints: [fileURLToPath(new URL('parent.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  }),
)
afterAll(() => rm(program))

test('a program with an idle engine ends by itself and leaves none', async () => {
  const parent = start()
  await output(parent, 'y = 3,6')
  const [engine] = childrenOf(parent.pid!)
  expect(await exit(parent)).toBe(0)
  expect(await gone(engine, 1)).toBe(true)
})

test('a program that disposes of its engine ends with exit code 0', async () => {
  expect(await exit(start('dispose'))).toBe(0)
})

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'an engine in the middle of a run is gone 1 s after %s to its parent',
  async signal => {
    const parent = start('run')
    await output(parent, 'running')
    const [engine] = childrenOf(parent.pid!)
    expect(isAlive(engine)).toBe(true)
    parent.kill(signal)
    expect(await gone(engine, 1)).toBe(true)
  },
)

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

const exit = (child: ChildProcess) => new Promise(resolve => child.on('exit', resolve))

const output = (child: ChildProcess, text: string) =>
  new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', chunk => String(chunk).includes(text) && resolve())
    child.on('exit', () => reject(new Error(`the program ended without saying "${text}"`)))
  })

async function gone(pid: number, within: number): Promise<boolean> {
  for (const until = Date.now() + within * 1000; Date.now() < until; await seconds(0.02)) if (!isAlive(pid)) return true
  return false
}
