import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { Layers } from '../../../src/pipeline/onnx/layers.js'
import { openEngine } from '../../../src/pipeline/runtime/engine.js'
import { environmentFor } from '../../../src/pipeline/runtime/libraries.js'

const folder = await mkdtemp(join(tmpdir(), 'sdnb-cuda-'))
afterAll(() => rm(folder, { recursive: true }))

test.runIf(process.platform === 'linux')(
  'a cuda engine finds the libraries of CUDA_PATH and of the Python environment, and before them those brought for it',
  async () => {
    const cudnn = join(folder, 'venv/lib/python3.12/site-packages/nvidia/cudnn/lib')
    await mkdir(cudnn, { recursive: true })
    await mkdir(join(folder, 'cuda/lib64'), { recursive: true })
    const env = { CUDA_PATH: join(folder, 'cuda'), VIRTUAL_ENV: join(folder, 'venv'), LD_LIBRARY_PATH: '/mine' }
    const folders = environmentFor('cuda', env).LD_LIBRARY_PATH?.split(':')
    expect(folders?.[0]).toBe('/mine')
    expect(folders).toContain(join(folder, 'cuda/lib64'))
    expect(folders).toContain(cudnn)
    const own = join(folder, 'data/sdnb/cuda12/nvidia/cudnn/lib')
    await mkdir(own, { recursive: true })
    const withOwn = environmentFor('cuda', { ...env, XDG_DATA_HOME: join(folder, 'data') }).LD_LIBRARY_PATH?.split(':')
    expect(withOwn?.slice(0, 2)).toEqual(['/mine', own])
  },
)

test('other engines have the environment of their caller', () => {
  expect(environmentFor('cpu', { CUDA_PATH: folder })).toEqual({ CUDA_PATH: folder, ORT_DISABLE_TELEMETRY: '1' })
})

test('onnxruntime reports nothing, unless its user says so', async () => {
  expect(environmentFor('cpu', { ORT_DISABLE_TELEMETRY: '0' })).toEqual({ ORT_DISABLE_TELEMETRY: '0' })
  vi.stubEnv('HOME', join(folder, 'home'))
  vi.stubEnv('XDG_CACHE_HOME', undefined)
  const g = new Layers({ provider: 'cpu', attention: { kind: 'fused' } })
  g.output('y', g.scale(g.input('x', [1]), 2))
  const { y } = await openEngine('cpu').run(
    { key: 'twice', build: () => g.build() },
    { x: { type: 'float32', dims: [1], data: Float32Array.of(3) } },
  )
  await openEngine('cpu').dispose()
  vi.unstubAllEnvs()
  expect([...y.data]).toEqual([6])
  expect(existsSync(join(folder, 'home'))).toBe(false)
})
