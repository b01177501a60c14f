import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
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
  const env = { CUDA_PATH: folder }
  expect(environmentFor('cpu', env)).toBe(env)
})
