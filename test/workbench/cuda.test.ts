import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { addLibraries, toolkit, useFeed } from '../cli/cudaProject.js'
import { canServe, nugetServer } from '../cli/nugetServer.js'
import type { Installed } from './globalSetup.js'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

describe(`CUDA in VS Code ${whyNoWorkbench}`, async () => {
  if (whyNoWorkbench || !canServe) return test.skip('Install CUDA')
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-cuda-'))
  const feed = await nugetServer()
  const { extensions } = inject('installed') as Installed
  const extension = readdirSync(extensions).find(name => name.startsWith('sdnb.'))!
  const onnxruntime = join(extensions, extension, 'node_modules/onnxruntime-node')
  cpSync(join(onnxruntime, 'script'), join(folder, 'script'), { recursive: true })
  useFeed(onnxruntime, feed.index)
  const workbench = useWorkbench({
    env: {
      LD_LIBRARY_PATH: addLibraries({ folder }, ...toolkit, 'libcudnn.so.9'),
      NODE_EXTRA_CA_CERTS: feed.certificate,
      XDG_DATA_HOME: join(folder, 'data'),
    },
  })
  const bin = join(onnxruntime, 'bin/napi-v6/linux/x64')
  const providers = () => readdirSync(bin).filter(name => name.includes('providers'))
  afterAll(async () => {
    for (const name of providers()) rmSync(join(bin, name))
    cpSync(join(folder, 'script'), join(onnxruntime, 'script'), { recursive: true })
    rmSync(folder, { recursive: true })
    await feed.close()
  })
  const dialog = () => workbench().page.locator('.monaco-dialog-box')
  const ask = async () => {
    await workbench().command('SD Notebook: Install CUDA')
    await dialog().waitFor()
  }
  const go = () => dialog().getByRole('button', { name: 'Download' }).click()
  const told = (text: string | RegExp) => workbench().told(text)

  test('is offered where the device is chosen, asks first with what it takes, is stopped and leaves no half, then brings the provider and tries it', async () => {
    await workbench().openFolder({})
    feed.stalls = true
    await workbench().command('SD Notebook: Select Device')
    await workbench().pick('cuda')
    const unavailable = await told(/The device cuda needs .+ Run: sdnb install cuda/)
    await unavailable.getByRole('button', { name: 'Install CUDA' }).click()
    await dialog().waitFor()
    expect(await dialog().innerText()).toMatch(
      /Install CUDA\?[\s\S]+onnxruntime's CUDA provider \d+\.\d+\.\d+: \d+ bytes\s+\S+ kB of disk in .+ free\.\s+NVIDIA's licences/,
    )
    await go()
    const progress = await told(/Installing CUDA: .+ of \d+ bytes/)
    await progress.hover()
    await progress.getByRole('button', { name: 'Cancel' }).click()
    await told('The installation was stopped. The next goes on from there.')
    expect(providers()).toEqual([])
    expect(readdirSync(onnxruntime).filter(name => name.startsWith('.sdnb-'))).toEqual([])

    feed.stalls = false
    await ask()
    await go()
    await told(/CUDA's libraries are here, but it does not work: The device cuda cannot run/)
    expect(providers()).toContain('libonnxruntime_providers_cuda.so')
  })
})
