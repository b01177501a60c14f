import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ModelReport, ModelsReport, PullReport, RemoveReport } from '../../src/protocol/commandLine.js'
import { commit, id, index } from '../pipeline/weights/hubModel.js'
import { type HubServer, hubServer } from '../pipeline/weights/hubServer.js'
import { newFolder, sdnb, started } from './sdnb.js'

const later = 'b'.repeat(40)
const unet = Buffer.alloc(300_000, 'unet')
const files = {
  'README.md': '# model',
  'model_index.json': JSON.stringify(index),
  'scheduler/scheduler_config.json': '{"num_train_timesteps": 1000}',
  'text_encoder/config.json': '{}',
  'text_encoder/model.safetensors': Buffer.from('text encoder'),
  'tokenizer/vocab.json': '{"a": 0}',
  'unet/config.json': '{"in_channels": 4}',
  'unet/diffusion_pytorch_model.bin': Buffer.from('pickle'),
  'unet/diffusion_pytorch_model.fp16.safetensors': Buffer.from('half a unet'),
  'unet/diffusion_pytorch_model.safetensors': unet,
  'vae/config.json': '{"latent_channels": 4}',
  'vae/diffusion_pytorch_model.safetensors': Buffer.from('vae'),
}
const read = Object.entries(files).filter(([path]) => !/README|bin$|fp16/.test(path))
const bytes = read.reduce((sum, [, content]) => sum + content.length, 0)

let hub: HubServer
let folder: string
beforeAll(async () => {
  hub = await hubServer()
})
afterAll(() => hub.close())
beforeEach(() => {
  folder = newFolder()
  for (const name of ['HF_HUB_CACHE', 'HF_HUB_OFFLINE', 'HF_TOKEN']) vi.stubEnv(name, undefined)
  vi.stubEnv('HF_HOME', join(folder, 'home'))
  vi.stubEnv('HF_ENDPOINT', hub.endpoint)
  hub.repositories = { [id]: { commit, files: { ...files } } }
  hub.requests = []
  hub.intercept = undefined
  return () => vi.unstubAllEnvs()
})

const models = (...args: string[]) => sdnb(folder, 'models', ...args)
const repository = () => join(folder, 'home/hub/models--someone--model')
const snapshot = (of = commit) => join(repository(), 'snapshots', of)
const filesIn = (where: string) =>
  readdirSync(where, { recursive: true, encoding: 'utf8' })
    .filter(name => !lstatSync(join(where, name)).isDirectory())
    .sort()
/** Bytes of each file that is not there whole yet. */
const incomplete = () =>
  filesIn(join(repository(), 'blobs'))
    .filter(name => name.endsWith('.incomplete'))
    .map(name => lstatSync(join(repository(), 'blobs', name)).size)
const lines = (text: string): PullReport[] =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
const listed = async (): Promise<ModelReport[]> => {
  const { code, stdout } = await models('list', '--json')
  expect(code).toBe(0)
  return (JSON.parse(stdout) as ModelsReport).models
}

describe('pull', () => {
  test('brings what a pipeline reads, tells how far it is, and the second time has nothing to do', async () => {
    const first = await models('pull', id, '--json')
    expect([first.code, first.stderr]).toEqual([0, ''])
    const [plan, ...rest] = lines(first.stdout)
    expect(plan).toMatchObject({ type: 'plan', id, commit, folder: snapshot(), bytes, missing: bytes })
    expect(rest.at(-2)).toMatchObject({ type: 'progress' })
    expect(rest.at(-1)).toEqual({ type: 'done', folder: snapshot() })
    expect(filesIn(snapshot())).toEqual(read.map(([path]) => path).sort())
    expect(unet.equals(readFileSync(join(snapshot(), 'unet/diffusion_pytorch_model.safetensors')))).toBe(true)

    const second = await models('pull', id, '--json')
    expect(lines(second.stdout)).toMatchObject([
      { type: 'plan', bytes, missing: 0 },
      { type: 'done', folder: snapshot() },
    ])
  })

  test('--dry-run tells the bytes and the room on the disk, and writes nothing', async () => {
    const { code, stdout } = await models('pull', id, '--dry-run', '--json', '--variant', 'fp16')
    expect(code).toBe(0)
    const [plan] = lines(stdout) as Extract<PullReport, { type: 'plan' }>[]
    expect(plan.bytes).toBe(bytes - unet.length + 'half a unet'.length)
    expect(plan.missing).toBe(plan.bytes)
    expect(plan.free).toBeGreaterThan(1e6)
    expect(existsSync(join(folder, 'home'))).toBe(false)

    const forPeople = await models('pull', id, '--dry-run')
    expect(forPeople.stdout).toMatch(/^someone\/model: 300 kB of 300 kB to come; \S+ GB free on the disk\n$/)
  })

  test('a person sees the folder on stdout and the rest on stderr', async () => {
    const { stdout, stderr } = await models('pull', id)
    expect(stdout).toBe(`${snapshot()}\n`)
    expect(stderr).toMatch(/^someone\/model: 300 kB of 300 kB to come; .+\n(Downloading: \d+ % .+\n)+$/)
  })

  test.skipIf(process.platform === 'win32')('SIGINT stops it with 130; the next goes on where it stopped', async () => {
    hub.intercept = (request, response) => {
      if (!request.url?.startsWith('/?') || !request.url.includes('unet')) return false
      response.writeHead(200, { 'content-length': unet.length })
      response.write(unet.subarray(0, 100_000))
      return true
    }
    const { child, ended } = started(folder, 'models', 'pull', id, '--json')
    await vi.waitFor(() => expect(incomplete()).toEqual([100_000]), 10_000)
    child.kill('SIGINT')
    const stopped = await ended
    expect([stopped.code, stopped.stderr]).toEqual([
      130,
      'sdnb: stopped by SIGINT: the same command goes on from here\n',
    ])
    expect(existsSync(join(snapshot(), 'unet/diffusion_pytorch_model.safetensors'))).toBe(false)
    expect(await listed()).toMatchObject([
      { id: 'sdnb/tiny' },
      { id, variants: [], problem: expect.stringContaining('someone/model') },
    ])

    hub.intercept = undefined
    hub.requests = []
    const [plan, ...rest] = lines((await models('pull', id, '--json')).stdout)
    expect(plan).toMatchObject({ missing: unet.length - 100_000 })
    expect(rest.at(-1)).toEqual({ type: 'done', folder: snapshot() })
    expect(hub.requests.map(({ range }) => range)).toContain('bytes=100000-')
    expect(unet.equals(readFileSync(join(snapshot(), 'unet/diffusion_pytorch_model.safetensors')))).toBe(true)
  })

  test.each([
    ['someone/else', 1, /has no model someone\/else, or it is private/],
    ['someone/xl', 1, /"_class_name" is "StableDiffusionXLPipeline"; known here: StableDiffusionPipeline/],
    ['model', 2, /expected a model of the hub as owner\/name, got "model"/],
    ['../../etc', 2, /expected a model of the hub as owner\/name/],
    ['sdnb/tiny', 2, /ships with the package: there is nothing to download/],
  ])('of %s ends with %i and one line that says why', async (which, code, reason) => {
    hub.repositories['someone/xl'] = {
      commit,
      files: { ...files, 'model_index.json': JSON.stringify({ ...index, _class_name: 'StableDiffusionXLPipeline' }) },
    }
    const ended = await models('pull', which, '--json')
    expect([ended.code, ended.stdout]).toEqual([code, ''])
    expect(ended.stderr).toMatch(reason)
    expect(ended.stderr).toMatch(/^sdnb: .+\n$/)
    expect(existsSync(join(folder, 'home'))).toBe(false)
  })

  test('without a connection is told so', async () => {
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9')
    const { code, stderr } = await models('pull', id)
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/does not answer: .*HF_ENDPOINT names a mirror of the hub\n$/),
    ])
  })
})

describe('list', () => {
  test('has the model that ships with the package, and what lies in the cache', async () => {
    await models('pull', id, '--variant', 'fp16')
    const other = join(folder, 'home/hub/models--someone--language-model/snapshots', commit)
    mkdirSync(other, { recursive: true })
    writeFileSync(join(other, 'config.json'), '{}')
    const [tiny, model, ...others] = await listed()
    expect(tiny).toMatchObject({
      id: 'sdnb/tiny',
      revisions: [],
      pipeline: 'StableDiffusionPipeline',
      variants: [null],
    })
    expect(tiny.bytes).toBeGreaterThan(11e6)
    expect(model).toEqual({
      id,
      commit,
      revisions: ['main'],
      folder: snapshot(),
      bytes: bytes - unet.length + 'half a unet'.length,
      pipeline: 'StableDiffusionPipeline',
      variants: ['fp16'],
    })
    expect(others).toEqual([])
    const { stdout } = await models('list')
    expect(stdout).toMatch(
      /^sdnb\/tiny {6}shipped {2}11\.\d MB {4}ready\nsomeone\/model {2}main {5}361 bytes {2}ready as fp16\n$/,
    )
  })
})

test('list has parts, LoRA, checkpoints and textual inversions, but nothing that is not for pictures', async () => {
  const fixture = (name: string) => join(import.meta.dirname, '../fixtures/pipelines', name)
  const put = (name: string, path: string, content: string) => {
    const at = join(folder, `home/hub/models--someone--${name}/snapshots`, commit, path)
    mkdirSync(dirname(at), { recursive: true })
    if (content.startsWith('{')) writeFileSync(at, content)
    else symlinkSync(fixture(content), at)
  }
  put('a-vae', 'config.json', 'half/vae/config.json')
  put('a-vae', 'diffusion_pytorch_model.safetensors', 'half/vae/diffusion_pytorch_model.safetensors')
  put('a-vae', 'diffusion_pytorch_model.fp16.safetensors', 'half/vae/diffusion_pytorch_model.safetensors')
  put('b-subfolder', 'controlnet/config.json', 'controlnet/config.json')
  put('b-subfolder', 'controlnet/diffusion_pytorch_model.safetensors', 'controlnet/diffusion_pytorch_model.safetensors')
  put('c-half-there', 'config.json', 'controlnet/config.json')
  put('d-style', 'pytorch_lora_weights.safetensors', 'lora/peft.safetensors')
  put('e-checkpoint', 'v1.safetensors', 'single/v1.safetensors')
  put('f-toy', 'learned_embeds.bin', 'inversion/diffusers.bin')
  put('g-adapter', 'config.json', '{"_class_name": "T2IAdapter"}')
  put('h-language-model', 'config.json', '{"architectures": ["LlamaForCausalLM"]}')
  put('i-clip', 'config.json', 'clip/config.json')
  put('i-clip', 'model.safetensors', 'clip/model.safetensors')
  const { stdout } = await models('list')
  const [, ...rows] = stdout.trimEnd().split('\n')
  expect(rows.map(row => row.replace(/\s+aaaaaaaa\s+\S+ \S+\s+/, ' | '))).toEqual([
    'someone/a-vae | AutoencoderKL: ready, also as fp16',
    'someone/b-subfolder | ControlNetModel (controlnet): ready',
    expect.stringMatching(/^someone\/c-half-there \| ControlNetModel: not usable: .+expected diffusion_pytorch_model/),
    'someone/d-style | a LoRA (pytorch_lora_weights.safetensors): ready',
    'someone/e-checkpoint | a checkpoint (v1.safetensors): ready',
    'someone/f-toy | a textual inversion (learned_embeds.bin): ready',
    expect.stringMatching(
      /^someone\/g-adapter \| T2IAdapter: not usable: "_class_name" is "T2IAdapter"; known here: Auto/,
    ),
    'someone/i-clip | CLIPModel: ready',
  ])
  expect((await listed())[1]).toMatchObject({ pieces: [{ kind: 'AutoencoderKL', path: '' }], variants: [null, 'fp16'] })
})

describe('remove', () => {
  const remove = async (...args: string[]) => {
    const { code, stdout, stderr } = await models('remove', id, '--json', ...args)
    expect([code, stderr]).toEqual([0, ''])
    return JSON.parse(stdout) as RemoveReport
  }

  test('takes all of a model and nothing beside it', async () => {
    await models('pull', id)
    const beside = join(folder, 'home/hub/models--someone--other')
    mkdirSync(beside)
    writeFileSync(join(beside, 'precious'), '')
    symlinkSync(beside, join(snapshot(), 'link'))
    expect(await remove('--dry-run')).toMatchObject({ id, commits: [commit] })
    expect(existsSync(snapshot())).toBe(true)
    expect((await remove('--yes')).bytes).toBeGreaterThanOrEqual(bytes)
    expect(existsSync(repository())).toBe(false)
    expect(readdirSync(beside)).toEqual(['precious'])
  })

  test('of one revision leaves what another uses', async () => {
    await models('pull', id)
    const vae = Buffer.from('a better vae')
    hub.repositories[id] = { commit: later, files: { ...files, 'vae/diffusion_pytorch_model.safetensors': vae } }
    await models('pull', id)
    expect(await remove('--yes', '--revision', commit)).toEqual({ id, commits: [commit], bytes: 'vae'.length })
    expect(readdirSync(join(repository(), 'snapshots'))).toEqual([later])
    expect(filesIn(join(repository(), 'blobs'))).toHaveLength(read.length)
    for (const [path, content] of read)
      if (!path.startsWith('vae/d'))
        expect(readFileSync(join(snapshot(later), path)).equals(Buffer.from(content)), path).toBe(true)
    expect(await listed()).toMatchObject([{ id: 'sdnb/tiny' }, { id, commit: later, revisions: ['main'] }])
  })

  test('of the revision that a branch names takes the name with it', async () => {
    await models('pull', id, '--revision', commit)
    hub.repositories[id].commit = later
    await models('pull', id)
    expect(await remove('--yes', '--revision', 'main')).toEqual({ id, commits: [later], bytes: 0 })
    expect(filesIn(join(repository(), 'refs'))).toEqual([])
    expect(await listed()).toMatchObject([{ id: 'sdnb/tiny' }, { id, commit, revisions: [], variants: [null] }])
  })

  test.each([
    ['nobody/nothing', /is not in the cache .+: see sdnb models list/],
    ['../hub', /expected a hub id/],
    [id, /is removed only with --yes where nobody can be asked/],
  ])('%s without --yes ends with 2', async (which, reason) => {
    await models('pull', id)
    const { code, stderr } = await models('remove', which)
    expect([code, stderr]).toEqual([2, expect.stringMatching(reason)])
    expect(existsSync(snapshot())).toBe(true)
  })

  test('refuses a folder that is a link, and a model that is being downloaded', async () => {
    await models('pull', id)
    writeFileSync(join(repository(), 'blobs/x.incomplete.pid'), String(process.pid))
    expect(await models('remove', id, '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(`is being downloaded by the process ${process.pid}`),
    })
    symlinkSync(repository(), join(folder, 'home/hub/models--someone--link'))
    expect(await models('remove', 'someone/link', '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching('is a link'),
    })
    expect(existsSync(snapshot())).toBe(true)
  })
})
