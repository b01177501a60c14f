import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { environmentFor } from '../../../src/pipeline/runtime/libraries.js'

const folder = await mkdtemp(join(tmpdir(), 'sdnb-cuda-'))
afterAll(() => rm(folder, { recursive: true }))

test.runIf(process.platform === 'linux')(
  'a cuda engine finds the libraries of CUDA_PATH and of the Python environment',
  async () => {
    const cudnn = join(folder, 'venv/lib/python3.12/site-packages/nvidia/cudnn/lib')
    await mkdir(cudnn, { recursive: true })
    await mkdir(join(folder, 'cuda/lib64'), { recursive: true })
    const env = { CUDA_PATH: join(folder, 'cuda'), VIRTUAL_ENV: join(folder, 'venv'), LD_LIBRARY_PATH: '/mine' }
    const folders = environmentFor('cuda', env).LD_LIBRARY_PATH?.split(':')
    expect(folders?.[0]).toBe('/mine')
    expect(folders).toContain(join(folder, 'cuda/lib64'))
    expect(folders).toContain(cudnn)
  },
)

test('other engines have the environment of their caller', () => {
  const env = { CUDA_PATH: folder }
  expect(environmentFor('cpu', env)).toBe(env)
})
