import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { commit, id, index } from '../pipeline/weights/hubModel.js'
import { hubServer } from '../pipeline/weights/hubServer.js'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

const unet = Buffer.alloc(3e6, 'unet')
const files = {
  'model_index.json': JSON.stringify(index),
  'scheduler/scheduler_config.json': '{}',
  'text_encoder/config.json': '{}',
  'text_encoder/model.safetensors': Buffer.from('text encoder'),
  'tokenizer/vocab.json': '{}',
  'unet/config.json': '{}',
  'unet/diffusion_pytorch_model.safetensors': unet,
  'vae/config.json': '{}',
  'vae/diffusion_pytorch_model.safetensors': Buffer.from('vae'),
}

/** Sends the first 2 MB of the U-Net, and no more. */
const stall: typeof hub.intercept = ({ url = '', headers }, response) => {
  if (!url.startsWith('/?') || !url.includes('unet') || headers.range) return false
  response.writeHead(200, { 'content-length': unet.length })
  response.write(unet.subarray(0, 2e6))
  return true
}

const hub = await hubServer()
const home = mkdtempSync(join(tmpdir(), 'sdnb-models-'))
const repository = join(home, 'hub', 'models--someone--model')
const downloaded = join(repository, 'snapshots', commit, 'unet', 'diffusion_pytorch_model.safetensors')

describe.skipIf(whyNoWorkbench)(`models in VS Code ${whyNoWorkbench}`, () => {
  const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: home, HF_HUB_CACHE: undefined, HF_HUB_OFFLINE: undefined }
  const workbench = useWorkbench({ env: { ...env, HF_TOKEN: undefined } })
  afterAll(async () => {
    await hub.close()
    rmSync(home, { recursive: true })
  })
  const dialog = () => workbench().page.locator('.monaco-dialog-box')
  /** Bytes of the files that are not there whole. */
  const partial = () => {
    const blobs = join(repository, 'blobs')
    const names = existsSync(blobs) ? readdirSync(blobs) : []
    return names.filter(name => name.endsWith('.incomplete')).map(name => statSync(join(blobs, name)).size)
  }
  const told = (text: string | RegExp) => workbench().told(text)
  /** Up to the dialog that asks. */
  const download = async () => {
    await workbench().command('SD Notebook: Download Model')
    await workbench().pick(id)
    await dialog().waitFor()
  }

  test('a download asks first, is stopped half-way, goes on from there, and the model is removed', async () => {
    hub.repositories[id] = { commit, files }
    hub.intercept = stall
    await workbench().openFolder({})

    await download()
    expect(await dialog().innerText()).toMatch(
      /Download someone\/model\?\s+As published: 3\.00 MB\.\s+\S+ [GT]B are free on the disk\./,
    )
    expect(existsSync(home) && readdirSync(home)).toEqual([])
    await dialog().getByRole('button', { name: 'Download 3.00 MB' }).click()
    const progress = await told(/Downloading someone\/model: .+ of 3\.00 MB/)
    await expect.poll(partial).toEqual([2e6])
    await progress.hover()
    await progress.getByRole('button', { name: 'Cancel' }).click()
    await told('The download of someone/model was stopped. The next goes on from there.')
    expect(existsSync(downloaded)).toBe(false)
    expect(partial()).toEqual([2e6])

    hub.intercept = undefined
    await download()
    expect(await dialog().innerText()).toContain('As published: 3.00 MB, 1.00 MB still to come.')
    await dialog().getByRole('button', { name: 'Download 1.00 MB' }).click()
    await told('someone/model is on this machine now.')
    expect(hub.requests.map(({ range }) => range)).toContain('bytes=2000000-')
    expect(unet.equals(readFileSync(downloaded))).toBe(true)

    await workbench().command('SD Notebook: Remove Model')
    await workbench().pick(id)
    await dialog().waitFor()
    expect(await dialog().innerText()).toMatch(
      /Remove someone\/model from this machine\?\s+3.00 MB of the disk become free/,
    )
    await dialog().getByRole('button', { name: 'Remove' }).click()
    await told('someone/model was removed.')
    expect(existsSync(repository)).toBe(false)
  })
})
