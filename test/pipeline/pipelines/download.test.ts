import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  DiffusionPipeline,
  type Progress,
  type StableDiffusionControlNetPipeline,
  StableDiffusionPipeline,
} from '../../../src/pipeline/index.js'
import { type HubServer, hubServer } from '../weights/hubServer.js'

const folder = join(import.meta.dirname, '../../fixtures/pipelines/sd1')
const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
const files = Object.fromEntries(names.map(name => [name, readFileSync(join(folder, name))]))

const symbol = Symbol.for('sdnb.progress')
const host = globalThis as { [symbol]?: (progress: Progress) => void }

let hub: HubServer
let cacheDir: string
beforeEach(async () => {
  hub = await hubServer()
  hub.repositories = { 'someone/model': { commit: '0123456789abcdef0123456789abcdef01234567', files } }
  vi.stubEnv('HF_ENDPOINT', hub.endpoint)
  cacheDir = mkdtempSync(join(tmpdir(), 'sdnb-download-'))
})
afterEach(async () => {
  delete host[symbol]
  vi.unstubAllEnvs()
  await hub.close()
  rmSync(cacheDir, { recursive: true })
})

const load = () => StableDiffusionPipeline.fromPretrained('someone/model', { device: 'cpu', cacheDir })

test('a download is one bar, from its first bytes to its end', async () => {
  const reports: Progress[] = []
  host[symbol] = progress => reports.push(progress)
  await load()
  expect(new Set(reports.map(({ label, id }) => `${label} ${id}`)).size).toBe(1)
  expect(reports.at(-1)).toMatchObject({ label: 'Downloading', unit: 'byte', done: true })
})

test('a cell that was stopped refuses the report, and the download ends with its reason', async () => {
  host[symbol] = () => {
    throw new DOMException('The cell was stopped', 'AbortError')
  }
  await expect(load()).rejects.toMatchObject({ name: 'AbortError', message: 'The cell was stopped' })
  expect(hub.requests.filter(({ line }) => line.includes('/resolve/')).length).toBeLessThan(names.length)
})

test('a checkpoint in one file is fetched by its link', async () => {
  const file = readFileSync(join(folder, '../single/v1.safetensors'))
  hub.repositories['someone/single'] = {
    commit: 'fedcba9876543210fedcba9876543210fedcba98',
    files: { 'v1.safetensors': file, 'v1.ckpt': 'a pickle' },
  }
  const options = { device: 'cpu', cacheDir, config: join(folder, '../single/config-v1') } as const
  const link = 'https://huggingface.co/someone/single/blob/main/v1'
  const { unet } = await StableDiffusionPipeline.fromSingleFile(`${link}.safetensors`, options)
  expect(unet.config.crossAttentionDim).toBe(32)
  await StableDiffusionPipeline.fromSingleFile(`${link}.safetensors`, { ...options, localFilesOnly: true })
  const fails = (source: string) => expect(StableDiffusionPipeline.fromSingleFile(source, options)).rejects
  await fails(`${link}.ckpt`).toThrow('v1.ckpt is a pickle')
  await fails(`${link}-5.safetensors`).toThrow('someone/single holds no v1-5.safetensors at main')
  await fails('https://civitai.com/api/download/models/1').toThrow('download it, and name the file')
})

test('of a repository with a LoRA, or a textual inversion, one file is fetched, and found again offline', async () => {
  const at = (name: string) => readFileSync(join(folder, '..', name))
  const commit = 'fedcba9876543210fedcba9876543210fedcba98'
  hub.repositories['someone/style'] = {
    commit,
    files: {
      'README.md': 'A style',
      'a.safetensors': at('lora/kohya.safetensors'),
      'pytorch_lora_weights.safetensors': at('lora/peft.safetensors'),
    },
  }
  hub.repositories['someone/toy'] = {
    commit,
    files: { 'learned_embeds.bin': at('inversion/diffusers.bin'), 'toy.png': 'a picture' },
  }
  const pipeline = await StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu' })
  await pipeline.loadLoraWeights('someone/style', { cacheDir })
  await pipeline.loadTextualInversion('someone/toy', { cacheDir })
  const fetched = hub.requests.map(({ line }) => line).filter(line => line.includes('/resolve/'))
  expect(fetched.map(line => line.split('/').at(-1))).toEqual([
    'pytorch_lora_weights.safetensors',
    'learned_embeds.bin',
  ])
  expect([...pipeline.textEncoder.inversions.keys()]).toEqual(['<toy>'])

  await pipeline.loadLoraWeights('someone/style', { cacheDir, localFilesOnly: true, adapterName: 'again' })
  expect(pipeline.getListAdapters().unet).toEqual(['default_0', 'again'])
  await expect(pipeline.loadLoraWeights('someone/style', { cacheDir, weightName: 'b.safetensors' })).rejects.toThrow(
    'someone/style: expected b.safetensors; it holds README.md, a.safetensors, pytorch_lora_weights.safetensors',
  )
})

test('a model that was saved with several ControlNets comes with all of them, and is whole offline', async () => {
  vi.stubEnv('XDG_CACHE_HOME', join(cacheDir, 'quantized'))
  const at = (name: string) => readFileSync(join(folder, '..', name))
  const net = (name: string, as: string) =>
    Object.fromEntries(
      ['config.json', 'diffusion_pytorch_model.safetensors'].map(file => [`${as}/${file}`, at(`${name}/${file}`)]),
    )
  const of = join(folder, '../sd2')
  const own = readdirSync(of, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(of.length + 1))
  const index = {
    ...JSON.parse(at('sd2/model_index.json').toString()),
    _class_name: 'StableDiffusionControlNetPipeline',
    controlnet: ['diffusers', 'MultiControlNetModel'],
  }
  hub.repositories['someone/steered'] = {
    commit: 'fedcba9876543210fedcba9876543210fedcba98',
    files: {
      ...Object.fromEntries(own.map(name => [name, at(`sd2/${name}`)])),
      'model_index.json': JSON.stringify(index),
      ...net('controlnet', 'controlnet'),
      ...net('controlnet-pooled', 'controlnet_1'),
      ...net('controlnet', 'controlnet_2'),
    },
  }
  const options = { device: 'cpu', cacheDir, quantization: 'int8' } as const
  const load = (localFilesOnly: boolean) =>
    DiffusionPipeline.fromPretrained<StableDiffusionControlNetPipeline>('someone/steered', {
      ...options,
      localFilesOnly,
    })
  for (const offline of [false, true]) {
    const nets = [(await load(offline)).controlnet].flat()
    expect(nets.map(({ config }) => config.globalPoolConditions)).toEqual([false, true, false])
    expect(nets[1].source).toBe('someone/steered/controlnet_1')
  }

  const snapshot = join(cacheDir, 'models--someone--steered/snapshots/fedcba9876543210fedcba9876543210fedcba98')
  rmSync(join(snapshot, 'controlnet_1/diffusion_pytorch_model.safetensors'))
  await expect(load(true)).rejects.toThrow('controlnet_1: expected diffusion_pytorch_model.safetensors')
})
