import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  CorruptWeightsError,
  InvalidOptionError,
  ModelNotFoundError,
  UnsupportedModelError,
} from '../../../src/pipeline/errors.js'
import { DiffusionPipeline, type Progress } from '../../../src/pipeline/index.js'
import { resolveModel, resolvePart } from '../../../src/pipeline/weights/repository.js'
import { type HubServer, hubServer, refuse } from './hubServer.js'

const commit = '0123456789abcdef0123456789abcdef01234567'
const id = 'someone/model'
const unetWeights = Buffer.alloc(300_000, 'unet')

const files: Record<string, string | Buffer> = {
  'README.md': '# model',
  'model_index.json': JSON.stringify({
    _class_name: 'StableDiffusionPipeline',
    safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'],
    feature_extractor: ['transformers', 'CLIPImageProcessor'],
    image_encoder: [null, null],
    scheduler: ['diffusers', 'PNDMScheduler'],
    text_encoder: ['transformers', 'CLIPTextModel'],
    tokenizer: ['transformers', 'CLIPTokenizer'],
    unet: ['diffusers', 'UNet2DConditionModel'],
  }),
  'feature_extractor/preprocessor_config.json': '{"size": 224}',
  'safety_checker/config.json': '{"c": 3}',
  'safety_checker/model.safetensors': Buffer.from('checker'),
  'scheduler/scheduler_config.json': '{"_class_name": "PNDMScheduler"}',
  'text_encoder/config.json': '{"a": 1}',
  'text_encoder/model.safetensors': Buffer.from('text encoder'),
  'text_encoder/pytorch_model.bin': Buffer.from('pickle'),
  'tokenizer/merges.txt': '#version: 0.2\n',
  'tokenizer/vocab.json': '{}',
  'unet/config.json': '{"b": 2}',
  'unet/diffusion_pytorch_model.bin': Buffer.from('pickle'),
  'unet/diffusion_pytorch_model.fp16.safetensors': Buffer.from('half a unet'),
  'unet/diffusion_pytorch_model.safetensors': unetWeights,
  'v1.ckpt': Buffer.from('pickle'),
}
const plain = [
  'feature_extractor/preprocessor_config.json',
  'model_index.json',
  'safety_checker/config.json',
  'safety_checker/model.safetensors',
  'scheduler/scheduler_config.json',
  'text_encoder/config.json',
  'text_encoder/model.safetensors',
  'tokenizer/merges.txt',
  'tokenizer/vocab.json',
  'unet/config.json',
  'unet/diffusion_pytorch_model.safetensors',
]

let hub: HubServer
let home: string
const warnings: string[] = []
const variables = ['HF_ENDPOINT', 'HF_HOME', 'HF_HUB_CACHE', 'HF_HUB_OFFLINE', 'HF_TOKEN'] as const
const environment = Object.fromEntries(variables.map(name => [name, process.env[name]]))

beforeAll(async () => {
  hub = await hubServer()
})
afterAll(() => hub.close())
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hub-'))
  for (const name of variables) delete process.env[name]
  process.env.HF_HOME = home
  process.env.HF_ENDPOINT = hub.endpoint
  hub.repositories = { [id]: { commit, files: { ...files } } }
  hub.requests = []
  hub.intercept = undefined
  warnings.length = 0
  vi.spyOn(console, 'warn').mockImplementation(text => void warnings.push(text))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(home, { recursive: true })
  for (const name of variables) {
    if (environment[name] === undefined) delete process.env[name]
    else process.env[name] = environment[name]
  }
})

const repository = () => join(home, 'hub', 'models--someone--model')
const snapshot = () => join(repository(), 'snapshots', commit)
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => !lstatSync(join(folder, name)).isDirectory())
    .sort()
const errorOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.fail('it did not fail'),
    error => error,
  )
/** Nobody listens there. */
const nowhere = 'http://127.0.0.1:9'

describe('a download', () => {
  test('fetches what a pipeline reads, and nothing else', async () => {
    expect(await resolveModel(id)).toBe(snapshot())
    expect(filesIn(snapshot())).toEqual(plain)
    for (const path of plain)
      expect(readFileSync(join(snapshot(), path)).equals(Buffer.from(files[path] as string)), path).toBe(true)
    expect(hub.requests.filter(({ line }) => /bin|ckpt|README|fp16/.test(line))).toEqual([])
  })

  test('has the cache’s layout: a ref, links to blobs named by their hash, nothing left over', async () => {
    await resolveModel(id)
    expect(readFileSync(join(repository(), 'refs', 'main'), 'utf8')).toBe(commit)
    expect(lstatSync(join(snapshot(), 'unet/config.json')).isSymbolicLink()).toBe(true)
    expect(filesIn(join(repository(), 'blobs'))).toHaveLength(plain.length)
    for (const name of filesIn(join(repository(), 'blobs'))) expect(name).toMatch(/^([0-9a-f]{40}|[0-9a-f]{64})$/)
  })

  test('goes without a safety checker that is not wanted, or that is a pickle alone', async () => {
    const unchecked = plain.filter(path => !/^(safety|feature)/.test(path))
    const without = ['safety_checker', 'feature_extractor']
    await resolveModel(id, { without, revision: commit })
    expect(filesIn(snapshot())).toEqual(unchecked)
    await resolveModel(id, { revision: commit, localFilesOnly: true })
    expect(filesIn(snapshot()), 'offline it is left out').toEqual(unchecked)
    await resolveModel(id, { revision: commit })
    expect(filesIn(snapshot()), 'wanted after all').toEqual(plain)

    const { 'safety_checker/model.safetensors': _, ...others } = files
    hub.repositories['someone/pickled'] = { commit, files: { ...others, 'safety_checker/pytorch_model.bin': 'pickle' } }
    expect(filesIn(await resolveModel('someone/pickled'))).toEqual(unchecked)
  })

  test('takes the variant where a part has it', async () => {
    await resolveModel(id, { variant: 'fp16' })
    expect(filesIn(snapshot())).toContain('unet/diffusion_pytorch_model.fp16.safetensors')
    expect(filesIn(snapshot())).toContain('text_encoder/model.safetensors')
    expect(filesIn(snapshot())).not.toContain('unet/diffusion_pytorch_model.safetensors')
    expect((await errorOf(resolveModel(id, { variant: 'bf16' }))).message).toMatch(
      'expected weights of the variant "bf16"',
    )
  })

  test('of a part fetches that part alone, and of a part’s own repository its files', async () => {
    expect(await resolvePart(id, { subfolder: 'unet' })).toBe(join(snapshot(), 'unet'))
    expect(filesIn(snapshot())).toEqual(plain.filter(path => path.startsWith('unet/')))
    hub.requests = []
    expect(await resolvePart(id, { subfolder: 'unet', localFilesOnly: true })).toBe(join(snapshot(), 'unet'))
    expect(hub.requests).toEqual([])
    expect((await errorOf(resolvePart(id, { subfolder: 'tokenizer' }))).message).toBe(
      'someone/model: expected tokenizer/config.json: there is none; it is a whole pipeline: name a part of it, ' +
        "such as subfolder: 'vae'",
    )

    hub.repositories['someone/taesd'] = {
      commit,
      files: {
        'config.json': '{}',
        'diffusion_pytorch_model.safetensors': 'tiny',
        'diffusion_pytorch_model.bin': 'pickle',
      },
    }
    const folder = await resolvePart('someone/taesd')
    expect(filesIn(folder)).toEqual(['config.json', 'diffusion_pytorch_model.safetensors'])
    expect((await errorOf(resolveModel('someone/taesd'))).message).toBe(
      'someone/taesd is no whole pipeline, it has no model_index.json: load it with its own class, such as ' +
        "AutoencoderKL.fromPretrained('someone/taesd')",
    )
  })

  test('takes shards with their index', async () => {
    const { 'unet/diffusion_pytorch_model.safetensors': _, ...others } = files
    const shards = [1, 2].map(n => `diffusion_pytorch_model-0000${n}-of-00002.safetensors`)
    hub.repositories[id].files = {
      ...others,
      'unet/diffusion_pytorch_model.safetensors.index.json': JSON.stringify({
        weight_map: { a: shards[0], b: shards[1] },
      }),
      [`unet/${shards[0]}`]: Buffer.from('one'),
      [`unet/${shards[1]}`]: Buffer.from('two'),
    }
    await resolveModel(id)
    expect(filesIn(join(snapshot(), 'unet'))).toEqual(
      [...shards, 'config.json', 'diffusion_pytorch_model.safetensors.index.json'].sort(),
    )
  })

  test('tells how far it is, in bytes of all files', async () => {
    const told: { file: string; loaded: number; total: number }[] = []
    await resolveModel(id, { onProgress: progress => told.push(progress) })
    expect(told.at(-1)?.loaded).toBe(told[0].total)
    expect(new Set(told.map(({ total }) => total)).size).toBe(1)
    expect(told.map(({ loaded }) => loaded)).toEqual(told.map(({ loaded }) => loaded).sort((a, b) => a - b))
  })

  test('happens once: a second call asks for no file', async () => {
    await resolveModel(id)
    hub.requests = []
    await resolveModel(id)
    expect(hub.requests.filter(({ line }) => line.includes('/resolve/') || line.includes('file='))).toEqual([])
  })

  test('goes where cacheDir or HF_HUB_CACHE says', async () => {
    expect(await resolveModel(id, { cacheDir: join(home, 'mine') })).toBe(
      join(home, 'mine', 'models--someone--model', 'snapshots', commit),
    )
    process.env.HF_HUB_CACHE = join(home, 'other')
    expect(await resolveModel(id)).toMatch(join(home, 'other'))
  })

  test('of a commit asks for nothing once it is cached', async () => {
    await resolveModel(id, { revision: commit })
    hub.requests = []
    expect(await resolveModel(id, { revision: commit })).toBe(snapshot())
    expect(hub.requests).toEqual([])
    expect(existsSync(join(repository(), 'refs'))).toBe(false)
  })

  test('sends the token to the hub, not to the host the hub leads to', async () => {
    process.env.HF_TOKEN = 'secret'
    await resolveModel(id)
    const toHub = hub.requests.filter(({ host }) => hub.endpoint.endsWith(host))
    expect(new Set(toHub.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret']))
    const elsewhere = hub.requests.filter(({ host }) => !hub.endpoint.endsWith(host))
    expect(elsewhere.map(({ authorization }) => authorization)).toEqual([undefined, undefined, undefined])
  })

  test('takes the token from the option, or from the file that `hf auth login` writes', async () => {
    writeFileSync(join(home, 'token'), 'stored\n')
    await resolveModel(id)
    expect(hub.requests[0].authorization).toBe('Bearer stored')
    hub.requests = []
    await resolveModel(id, { token: 'given' })
    expect(hub.requests[0].authorization).toBe('Bearer given')
  })
})

describe('an interruption', () => {
  test('of the connection: the rest is fetched, and the whole is right', async () => {
    let cut = false
    hub.intercept = (request, response) => {
      if (!request.url?.includes('diffusion_pytorch_model.safetensors') || !request.url.startsWith('/?') || cut)
        return false
      cut = true
      response.writeHead(200, { 'content-length': unetWeights.length })
      response.write(unetWeights.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 100))
      return true
    }
    await resolveModel(id)
    expect(unetWeights.equals(readFileSync(join(snapshot(), 'unet/diffusion_pytorch_model.safetensors')))).toBe(true)
    expect(hub.requests.filter(({ range }) => range).map(({ range }) => range)).toContain('bytes=100000-')
  })

  test('by the signal leaves nothing that is taken for whole; the next call goes on', async () => {
    const controller = new AbortController()
    hub.intercept = (request, response) => {
      if (!request.url?.startsWith('/?') || !request.url.includes('unet')) return false
      response.writeHead(200, { 'content-length': unetWeights.length })
      response.write(unetWeights.subarray(0, 50_000))
      setTimeout(() => controller.abort(), 100)
      return true
    }
    expect((await errorOf(resolveModel(id, { signal: controller.signal }))).name).toBe('AbortError')
    expect(existsSync(join(snapshot(), 'unet/diffusion_pytorch_model.safetensors'))).toBe(false)
    expect((await errorOf(resolveModel(id, { localFilesOnly: true }))).message).toMatch('is not in the cache')

    hub.intercept = undefined
    hub.requests = []
    await resolveModel(id)
    expect(unetWeights.equals(readFileSync(join(snapshot(), 'unet/diffusion_pytorch_model.safetensors')))).toBe(true)
    expect(hub.requests.map(({ range }) => range)).toContain('bytes=50000-')
  })

  test('by a process that was killed does not lock its file for ever', async () => {
    const { oid } = JSON.parse(readFileSync(await listing(), 'utf8'))
    mkdirSync(join(repository(), 'blobs'), { recursive: true })
    writeFileSync(join(repository(), 'blobs', `${oid}.incomplete`), unetWeights.subarray(0, 7))
    writeFileSync(join(repository(), 'blobs', `${oid}.incomplete.pid`), '999999999')
    await resolveModel(id)
    expect(hub.requests.map(({ range }) => range)).toContain('bytes=7-')
    expect(filesIn(join(repository(), 'blobs'))).toHaveLength(plain.length)
  })

  test('two calls at once do not write one file', async () => {
    await Promise.all([resolveModel(id), resolveModel(id), resolveModel(id)])
    expect(unetWeights.equals(readFileSync(join(snapshot(), 'unet/diffusion_pytorch_model.safetensors')))).toBe(true)
    expect(filesIn(join(repository(), 'blobs'))).toHaveLength(plain.length)
  })
})

/** The server's entry of the U-Net's weights, in a file. */
async function listing(): Promise<string> {
  const found: { path: string; lfs?: { oid: string } }[] = []
  for (let next: string | undefined = `${hub.endpoint}/api/models/${id}/tree/${commit}`; next; ) {
    const response: Response = await fetch(next)
    found.push(...((await response.json()) as typeof found))
    next = /<(.+)>/.exec(response.headers.get('link') ?? '')?.[1]
  }
  writeFileSync(
    join(home, 'entry.json'),
    JSON.stringify(found.find(({ path }) => path === 'unet/diffusion_pytorch_model.safetensors')?.lfs),
  )
  return join(home, 'entry.json')
}

describe('without a connection', () => {
  test('the cache is used, with a warning', async () => {
    await resolveModel(id)
    process.env.HF_ENDPOINT = nowhere
    expect(await resolveModel(id)).toBe(snapshot())
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/does not answer: .+ Using what the cache has of someone\/model/)
  })

  test('DiffusionPipeline, which looks before it loads, shows one bar and warns once', async () => {
    const model = join(import.meta.dirname, '../../fixtures/pipelines/sd1')
    const contents = filesIn(model).map(name => [name, readFileSync(join(model, name))] as const)
    hub.repositories[id].files = Object.fromEntries(contents)
    const bars = new Set<string>()
    vi.stubGlobal(Symbol.for('sdnb.progress') as never, ({ label, id: bar }: Progress) => bars.add(`${label} ${bar}`))
    await DiffusionPipeline.fromPretrained(id, { device: 'cpu' })
    vi.unstubAllGlobals()
    expect([...bars]).toEqual([expect.stringMatching(/^Downloading /)])
    expect(warnings).toEqual([])

    process.env.HF_ENDPOINT = nowhere
    expect((await DiffusionPipeline.fromPretrained(id, { device: 'cpu' })).name).toBe(id)
    expect(warnings).toHaveLength(1)
  })

  test.each([503, 429])('a hub that answers %i is one that cannot be reached', async status => {
    await resolveModel(id)
    hub.intercept = (_, response) => {
      response.writeHead(status).end()
      return true
    }
    expect(await resolveModel(id)).toBe(snapshot())
    expect(warnings[0]).toMatch(`answers with status ${status}`)
  })

  test('so is one that answers with a login page', async () => {
    await resolveModel(id)
    hub.intercept = (_, response) => {
      response.end('<html>')
      return true
    }
    expect(await resolveModel(id)).toBe(snapshot())
    expect(warnings[0]).toMatch('gives no answer of a hub')
  })

  test('and nothing cached: the error says what to do', async () => {
    process.env.HF_ENDPOINT = nowhere
    const error = await errorOf(resolveModel(id))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toMatch('someone/model is not in the cache')
    expect(error.message).toMatch('does not answer')
    expect(error.message).toMatch(
      'Run it once with a connection, or name a folder in diffusers layout; HF_ENDPOINT names a mirror',
    )
  })

  test.each([
    ['localFilesOnly', { localFilesOnly: true }, {}],
    ['HF_HUB_OFFLINE', {}, { HF_HUB_OFFLINE: '1' }],
  ])('%s asks nobody', async (name, options, variables) => {
    Object.assign(process.env, variables)
    const error = await errorOf(resolveModel(id, options))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toMatch(`${name} is set`)
    delete process.env.HF_HUB_OFFLINE
    await resolveModel(id)
    hub.requests = []
    Object.assign(process.env, variables)
    expect(await resolveModel(id, options)).toBe(snapshot())
    expect(hub.requests).toEqual([])
  })

  test('a cache that lacks a file is told which', async () => {
    await resolveModel(id)
    rmSync(join(snapshot(), 'unet/diffusion_pytorch_model.safetensors'))
    const error = await errorOf(resolveModel(id, { localFilesOnly: true }))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toMatch(
      'someone/model/unet: expected diffusion_pytorch_model.safetensors or model.safetensors',
    )
  })
})

describe('refused', () => {
  test('no such model', async () => {
    const error = await errorOf(resolveModel('someone/else'))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toMatch('has no model someone/else, or it is private: check the name')
  })

  test('no such revision', async () => {
    const error = await errorOf(resolveModel(id, { revision: 'fp17' }))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toMatch('someone/model has no such revision: Invalid rev id: fp17')
  })

  test.each([
    [undefined, 'set HF_TOKEN to a token of that account'],
    ['hf_mine', 'the one sent has none'],
  ])('a gated model, token %s', async (token, advice) => {
    hub.intercept = (request, response) => {
      if (!request.url?.includes('/resolve/')) return false
      refuse(response, token ? 403 : 401, 'GatedRepo', 'Access to model is restricted')
      return true
    }
    const error = await errorOf(resolveModel(id, { token }))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toMatch(`is gated: read and accept its licence at ${hub.endpoint}/someone/model`)
    expect(error.message).toMatch(advice)
  })

  test('bytes that are not those listed', async () => {
    hub.intercept = (request, response) => {
      if (!request.url?.startsWith('/?') || !request.url.includes('unet')) return false
      response.end(Buffer.alloc(unetWeights.length, 'evil'))
      return true
    }
    const error = await errorOf(resolveModel(id))
    expect(error).toBeInstanceOf(CorruptWeightsError)
    expect(error.message).toMatch('expected content with the hash')
    expect(existsSync(join(snapshot(), 'unet/diffusion_pytorch_model.safetensors'))).toBe(false)
    expect(filesIn(join(repository(), 'blobs')).filter(name => name.includes('incomplete'))).toEqual([])
  })

  test('a class that the caller does not run, before anything large is fetched', async () => {
    const accept = () => {
      throw new UnsupportedModelError('another class')
    }
    await expect(resolveModel(id, { accept })).rejects.toThrow('another class')
    expect(hub.requests.filter(({ line }) => line.includes('/resolve/')).map(({ line }) => line)).toEqual([
      `GET /someone/model/resolve/${commit}/model_index.json`,
    ])
  })

  test('weights in pickles alone, before anything large is fetched', async () => {
    const {
      'unet/diffusion_pytorch_model.safetensors': _,
      'unet/diffusion_pytorch_model.fp16.safetensors': __,
      ...others
    } = files
    hub.repositories[id].files = others
    const error = await errorOf(resolveModel(id))
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch('in a pickle alone (diffusion_pytorch_model.bin)')
    expect(hub.requests.filter(({ line }) => line.includes('/resolve/')).map(({ line }) => line)).toEqual([
      `GET /someone/model/resolve/${commit}/model_index.json`,
    ])
  })

  test('a repository in another layout', async () => {
    hub.repositories[id].files = { 'v1.safetensors': Buffer.from('x') }
    const error = await errorOf(resolveModel(id))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toMatch('it has no model_index.json, but single files in another layout (v1.safetensors)')
  })

  test('a revision that would leave the cache', async () =>
    expect(await errorOf(resolveModel(id, { revision: '../../x' }))).toBeInstanceOf(InvalidOptionError))

  test('an HF_ENDPOINT that is no URL', async () => {
    process.env.HF_ENDPOINT = 'mirror'
    expect((await errorOf(resolveModel(id))).message).toBe('HF_ENDPOINT must be a URL, got "mirror"')
  })

  test('file names that would leave the cache are never written', async () => {
    hub.repositories[id].files = {
      ...files,
      'tokenizer/../../../../../escaped.json': '{}',
      'tokenizer/..\\escaped.json': '{}',
    }
    await resolveModel(id)
    expect(filesIn(snapshot())).toEqual(plain)
    expect(hub.requests.filter(({ line }) => line.includes('escaped'))).toEqual([])
  })
})
