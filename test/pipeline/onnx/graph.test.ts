import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UnsupportedModelError } from '../../../src/pipeline/errors.js'
import { Graph } from '../../../src/pipeline/onnx/graph.js'
import { serialized } from '../../../src/pipeline/onnx/serialized.js'
import type { WeightTensor } from '../../../src/pipeline/weights/safetensors.js'
import { run, runModel } from '../models/support.js'

let folder: string
beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'graph-')))
})
afterAll(() => rm(folder, { recursive: true }))

/** The floats of a file, after `offset` bytes of something else. */
async function weight(name: string, floats: number[], shape = [floats.length], offset = 0): Promise<WeightTensor> {
  const file = path.join(folder, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, Buffer.concat([Buffer.alloc(offset), Buffer.from(Float32Array.from(floats).buffer)]))
  return { dtype: 'F32', shape, file, offset, length: 4 * floats.length }
}

/** x + each weight in turn. */
async function sum(x: number[], add: (graph: Graph) => ReturnType<Graph['external']>[]): Promise<number[]> {
  const graph = new Graph()
  const input = graph.input('x', 'float32', [x.length])
  const total = add(graph).reduce((total, term) => graph.node('Add', [total, term], total.shape), input)
  graph.output(total, 'y')
  const { y } = await run(graph.build(), { x: { dims: [x.length], data: Float32Array.from(x) } })
  return [...y.data]
}

describe('weights stay in their files', () => {
  test('at any offset', async () => {
    const a = await weight('a.bin', [10, 20], [2], 3)
    expect(await sum([1, 2], graph => [graph.external('a', a)])).toEqual([11, 22])
  })

  test('in some rows only', async () => {
    const a = await weight('rows.bin', [1, 2, 3, 4, 5, 6], [3, 2], 1)
    expect(await sum([0, 0], graph => [graph.external('a', a, [1, 2])])).toEqual([3, 4])
  })

  test('in several folders: the root is the one above both', async () => {
    const [a, b] = [await weight('one/a.bin', [1]), await weight('two/deep/b.bin', [2])]
    const graph = new Graph()
    const total = graph.node('Add', [graph.external('a', a), graph.external('b', b)], [1])
    graph.output(total, 'y')
    const model = graph.build()
    expect(serialized(model).externalDataRoot).toBe(folder)
    expect((await run(model, {})).y.data).toEqual(Float32Array.of(3))
  })

  describe('on several drives', () => {
    const driveOf = (file: string) => path.relative(folder, file).split(path.sep)[0]
    const graphOf = (...weights: WeightTensor[]) => {
      const graph = new Graph()
      const terms = weights.map((weight, i) => graph.external(`weight ${i}`, weight))
      graph.output(
        terms.reduce((total, term) => graph.node('Add', [total, term], total.shape)),
        'y',
      )
      return graph.build()
    }

    test('those of the drive with fewer bytes are written along', async () => {
      const a = await weight('D/small/a.bin', [1], [1], 3)
      const b = await weight('C/large/b.bin', [20, 30])
      const model = serialized(graphOf(b, a), driveOf)
      expect(model.externalDataRoot).toBe(path.join(folder, 'C/large'))
      expect([...(await runModel(model, {})).y.data]).toEqual([21, 31])
    })

    test('up to a GB of them', async () => {
      const large = (file: string, length: number) => ({ dtype: 'F32', shape: [length / 4], file, offset: 0, length })
      const [a, b] = [large(path.join(folder, 'C/a'), 2e9), large(path.join(folder, 'D/lora.safetensors'), 1.2e9)]
      expect(() => serialized(graphOf({ ...b, shape: [1] }, { ...a, shape: [1] }), driveOf)).toThrow(
        /one drive, but for 1 GB of them: .*lora\.safetensors and its like hold 1\.2 GB, on another drive than the rest/,
      )
    })
  })

  test('behind the links of a hub cache, by their real path', async () => {
    const blob = await weight('cache/blobs/0a1b', [5])
    await mkdir(path.join(folder, 'cache/snapshots/main'), { recursive: true })
    const link = path.join(folder, 'cache/snapshots/main/model.safetensors')
    await symlink('../../blobs/0a1b', link)
    const real = { ...blob, file: await realpath(link) }
    expect(await sum([1], graph => [graph.external('a', real)])).toEqual([6])
  })

  test('once each, however often they are used', async () => {
    const a = await weight('a.bin', [10, 20])
    expect(await sum([1, 2], graph => [graph.external('a', a), graph.external('a', a)])).toEqual([21, 42])
  })

  test('of a type that is not run here they are refused', async () => {
    const a = { ...(await weight('a.bin', [1])), dtype: 'F8_E4M3' }
    expect(() => new Graph().external('a', a)).toThrow(UnsupportedModelError)
    expect(() => new Graph().external('a', a)).toThrow('"a" is stored as F8_E4M3; known here: F64, F32, F16, BF16')
  })
})

test('equal constants are one', () => {
  const graph = new Graph()
  const two = graph.constant('float32', [2])
  expect(graph.constant('float32', [2])).toBe(two)
  expect(graph.constant('float32', [2], [])).not.toBe(two)
  expect(graph.constant('int64', [2])).not.toBe(two)
})

test('the same graph is the same bytes', () => {
  const bytes = () => {
    const graph = new Graph()
    graph.output(graph.node('Relu', [graph.input('x', 'float32', [1])], [1]), 'y')
    return serialized(graph.build()).bytes
  }
  expect(bytes()).toEqual(bytes())
})
