import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EngineCrashedError, OutOfMemoryError } from '../../../src/pipeline/errors.js'
import type { DataType, Value } from '../../../src/pipeline/onnx/graph.js'
import { type EngineModel, openEngine } from '../../../src/pipeline/runtime/engine.js'
import { tensor } from '../../../src/pipeline/tensor.js'
import { childrenOf, mappedBy, seconds } from '../../support/processes.js'
import { endless, hungry, side, slow, times, x } from './graphs.js'

const engine = openEngine('cpu')
afterAll(() => engine.dispose())

test('a graph is run in another process', async () => {
  const { y } = await engine.run(times(3), { x })
  expect(y).toEqual({ type: 'float32', dims: [2], data: Float32Array.of(3, 6) })
  expect(y.data.buffer.byteLength).toBe(8)
  expect(enginePids()).toHaveLength(1)
})

test('there is one engine a device', () => expect(openEngine('cpu')).toBe(engine))

test('a model is built once, until its session is released', async () => {
  let built = 0
  const counted: EngineModel = {
    key: 'counted',
    build() {
      built++
      return times(5).build()
    },
  }
  await engine.run(counted, { x })
  await engine.run(counted, { x })
  expect(built).toBe(1)
  await engine.release('count')
  await engine.run(counted, { x })
  expect(built).toBe(2)
})

test('calls made at once are answered in order', async () => {
  const order: number[] = []
  const call = async (factor: number) => {
    const { y } = await engine.run(times(factor), { x })
    order.push(y.data[0])
  }
  await Promise.all([call(2), call(3), call(4)])
  expect(order).toEqual([2, 3, 4])
})

test('an int32 input arrives as int32', async () => {
  const { Graph } = await import('../../../src/pipeline/onnx/graph.js')
  const cast: EngineModel = {
    key: 'cast',
    build() {
      const graph = new Graph()
      const ids = graph.input('ids', 'int32', [3])
      graph.output(graph.node('Cast', [ids], [3], { dtype: 'float32', attributes: { to: 1 } }), 'y')
      return graph.build()
    },
  }
  const { y } = await engine.run(cast, { ids: { type: 'int32', dims: [3], data: Int32Array.of(49407, 0, -1) } })
  expect([...y.data]).toEqual([49407, 0, -1])
})

test('a wrong input is an error that names the model, and the engine lives on', async () => {
  await expect(engine.run(times(3), { z: x })).rejects.toThrow(/failed while running "times 3".*'x' is missing/)
  expect((await engine.run(times(3), { x })).y.data[1]).toBe(6)
})

test('a model that cannot be built rejects with its own error', async () => {
  const broken: EngineModel = { key: 'broken', build: () => Promise.reject(new TypeError('no such weight')) }
  await expect(engine.run(broken, { x })).rejects.toThrow(new TypeError('no such weight'))
})

test('too little memory is an OutOfMemoryError that names the bytes, and the engine lives on', async () => {
  const failure = await engine.run(hungry(1e13), { x }).catch(error => error)
  expect(failure).toBeInstanceOf(OutOfMemoryError)
  expect(failure.message).toMatch(/asked for 40,000,000,000,000 bytes \(37252\.90 GiB\)/)
  expect((await engine.run(times(3), { x })).y.data[1]).toBe(6)
})

test('a signal that has aborted rejects with its reason, and nothing runs', async () => {
  const reason = new Error('changed my mind')
  const untouched: EngineModel = { key: 'untouched', build: () => expect.unreachable() }
  await expect(engine.run(untouched, { x }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('an abort releases the caller at once, and ends a run that outlasts it by 2 s', async () => {
  await engine.load(endless())
  const [pid] = enginePids()
  const stop = new AbortController()
  const running = engine.run(endless(), { x }, { signal: stop.signal })
  const waiting = engine.run(times(3), { x })
  await seconds(0.3)
  stop.abort()
  const aborted = Date.now()
  await expect(running).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  expect(Date.now() - aborted).toBeLessThan(200)
  expect(enginePids()).toEqual([pid])
  expect((await waiting).y.data[1]).toBe(6)
  expect(Date.now() - aborted).toBeGreaterThan(1900)
  expect(enginePids()).not.toContain(pid)
})

test('an abort that the run does not outlast leaves the engine as it is', async () => {
  await engine.run(times(3), { x })
  const [pid] = enginePids()
  const stop = new AbortController()
  const running = engine.run(times(3), { x }, { signal: stop.signal })
  stop.abort()
  await expect(running).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  await engine.run(times(3), { x })
  expect(enginePids()).toEqual([pid])
})

test('when the process is killed every waiter hears it, and the next call starts a new one', async () => {
  await engine.load(endless())
  const [pid] = enginePids()
  const running = engine.run(endless(), { x })
  await seconds(0.3)
  process.kill(pid, 'SIGKILL')
  const failure = await running.catch(error => error)
  expect(failure).toBeInstanceOf(EngineCrashedError)
  expect(failure.message).toMatch(/ended while running "endless" \(signal SIGKILL\)/)
  expect((await engine.run(times(3), { x })).y.data[1]).toBe(6)
  expect(enginePids()).not.toContain(pid)
})

test('a process that is killed while a model is being built is told, not waited for', async () => {
  await engine.run(times(3), { x })
  const killing: EngineModel = {
    key: 'killing',
    async build() {
      process.kill(enginePids()[0], 'SIGKILL')
      await seconds(0.3)
      return times(3).build()
    },
  }
  await expect(engine.run(killing, { x })).rejects.toThrow(/ended while loading "killing" \(signal SIGKILL\)/)
  expect((await engine.run(times(3), { x })).y.data[1]).toBe(6)
})

test('a process that was killed between two calls is replaced by the next', async () => {
  await engine.run(times(3), { x })
  process.kill(enginePids()[0], 'SIGKILL')
  await seconds(0.3)
  expect((await engine.run(times(3), { x })).y.data[1]).toBe(6)
})

test("the caller's event loop stays free while a run holds the engine", async () => {
  await engine.load(endless())
  const stop = new AbortController()
  const running = engine.run(endless(), { x }, { signal: stop.signal }).catch(() => {})
  let ticks = 0
  const timer = setInterval(() => ticks++, 5)
  await seconds(1)
  clearInterval(timer)
  stop.abort()
  await running
  expect(ticks).toBeGreaterThan(50)
})

test('memory is that of the engine process, and zero where none runs', async () => {
  await engine.run(times(3), { x })
  const { resident, peak } = await engine.memory()
  expect(resident).toBeGreaterThan(20e6)
  expect(peak).toBeGreaterThanOrEqual(resident * 0.9)
  await engine.dispose()
  expect(enginePids()).toEqual([])
  expect(await engine.memory()).toEqual({ resident: 0, peak: 0 })
})

test('releasing the last session ends the process', async () => {
  await engine.run(times(3, 'a/unet'), { x })
  await engine.run(times(4, 'b/unet'), { x })
  await engine.release('a/')
  expect(enginePids()).toHaveLength(1)
  await engine.release('b/')
  expect(enginePids()).toEqual([])
})

describe('a model in pieces', () => {
  let folder: string
  let files: string[]
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(path.join(tmpdir(), 'engine-')))
    files = ['1', '2', '3'].map(name => path.join(folder, `${name}.weight`))
    for (const file of files) await writeFile(file, new Float32Array(side ** 2).fill(1 / side))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('gives what it gives whole, whatever type flows from one piece to the next', async () => {
    const { Graph, typeNumbers } = await import('../../../src/pipeline/onnx/graph.js')
    const many: EngineModel = {
      key: 'many types',
      pieceBytes: 1,
      build() {
        const graph = new Graph()
        const x = graph.input('x', 'float32', [2])
        const cast = (value: Value, dtype: DataType) =>
          graph.node('Cast', [value], value.shape, { dtype, attributes: { to: typeNumbers[dtype] } })
        const types = (['float16', 'float64', 'int32', 'int64', 'uint8', 'int8', 'bool'] as const).map(type =>
          cast(x, type),
        )
        const next = graph.node('Mul', [x, graph.constant('float32', [10])], [2])
        const terms = types.map(value => cast(value, 'float32'))
        graph.output(
          terms.reduce((sum, term) => graph.node('Add', [sum, term], [2]), next),
          'y',
        )
        graph.output(graph.node('Add', [next, graph.constant('float32', [0.5])], [2]), 'z')
        return graph.build()
      },
    }
    const { y, z } = await engine.run(many, { x: tensor([1.5, 0], [2]) })
    expect([...y.data]).toEqual([15 + 1.5 + 1.5 + 1 + 1 + 1 + 1 + 1, 0])
    expect([...z.data]).toEqual([15.5, 0.5])
  })

  test('holds the weights of one at a time, and none when it has run', async () => {
    await engine.load(slow(files))
    const [pid] = enginePids()
    const held = new Set<string>()
    const timer = setInterval(() => held.add(mappedBy(pid, '.weight').join()), 10)
    await engine.run(slow(files), { x })
    clearInterval(timer)
    expect([...held].filter(Boolean)).toEqual(files)
    expect(mappedBy(pid, '.weight')).toEqual([])
  })

  test('is stopped between two, long before it would end, and runs again', async () => {
    const [first, second] = files
    const long = slow(Array.from({ length: 100 }, (_, i) => files[i % 2]))
    const [pid] = enginePids()
    const stop = new AbortController()
    const running = engine.run(long, { x }, { signal: stop.signal })
    await seconds(0.3)
    stop.abort()
    const aborted = Date.now()
    await expect(running).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
    const { y } = await engine.run(slow([first, second]), { x })
    expect(y.data[0]).toBeCloseTo(3) // the sum of x, times matrices that take means
    expect(Date.now() - aborted).toBeLessThan(1900)
    expect(enginePids()).toEqual([pid])
  })
})

const enginePids = () => childrenOf(process.pid)
