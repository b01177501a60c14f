import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  DDIMScheduler,
  type Device,
  DeviceUnavailableError,
  EngineCrashedError,
  Generator,
  InvalidOptionError,
  type MapOptions,
  type Progress,
  type ProgressReporter,
  randn,
  StableDiffusionPipeline,
} from '../../../src/pipeline/index.js'
import { openEngine } from '../../../src/pipeline/runtime/engine.js'
import { childrenOf, seconds } from '../../support/processes.js'

const prompts = ['photograph of a house', 'photograph of a green tree', 'a boat at sea', 'a snowman']
const devices: Device[] = ['cpu:0', 'cpu:1']
const quick = { numInferenceSteps: 2, guidanceScale: 2.5, seed: 7 }

let pipeline: StableDiffusionPipeline
beforeAll(async () => {
  pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
  pipeline.scheduler = DDIMScheduler.fromConfig(pipeline.scheduler.config)
})
afterAll(() => pipeline.dispose())
afterEach(() => {
  for (const name of ['sdnb.progress', 'sdnb.signal']) Reflect.deleteProperty(globalThis, Symbol.for(name))
})

test('two devices draw, in the order of the prompts, what each prompt gives alone', async () => {
  const outputs = await pipeline.map(prompts, { ...quick, devices })
  expect(outputs.map(({ seeds }) => seeds)).toEqual([[7], [8], [9], [10]])
  for (const [i, { images }] of outputs.entries()) {
    const alone = await pipeline(prompts[i], { ...quick, seed: 7 + i })
    expect(images[0].data).toEqual(alone.images[0].data)
    expect(images[0].parameters).toEqual(alone.images[0].parameters)
  }
  expect(new Set(outputs.map(({ device }) => device))).toEqual(new Set(['cpu', 'cpu:1']))
  expect(engines()).toEqual(['sdnb engine cpu', 'sdnb engine cpu:1'])
})

test('without devices it is the pipeline’s own, and the result shows itself as a grid', async () => {
  const outputs = await pipeline.map(prompts.slice(0, 2), quick)
  expect(outputs.map(({ device }) => device)).toEqual(['cpu', 'cpu'])
  const show = (outputs as unknown as Record<symbol, () => Promise<Record<string, unknown>>>)[
    Symbol.for('Jupyter.display')
  ]
  expect((await show())['text/plain']).toBe('Image 256×128')
})

test('each picture has its share of what is given for all', async () => {
  const two = { ...quick, seed: undefined, numImagesPerPrompt: 2, outputType: 'latent' } as const
  const negativePrompt = ['', 'fog']
  const latents = randn([4, 4, 16, 16], { generator: new Generator(3) })
  const generators = () => [7, 8, 9, 10].map(seed => new Generator(seed))
  const options = { ...two, negativePrompt, latents, eta: 1 }
  const outputs = await pipeline.map(prompts.slice(0, 2), { ...options, generator: generators(), devices })
  for (const [i, output] of outputs.entries()) {
    const alone = await pipeline(prompts[i], {
      ...options,
      negativePrompt: negativePrompt[i],
      generator: generators().slice(2 * i, 2 * i + 2),
      latents: { ...latents, dims: [2, 4, 16, 16], data: latents.data.slice(2048 * i, 2048 * (i + 1)) },
    })
    expect(output.latents).toEqual(alone.latents)
    expect(output.seeds).toEqual(alone.seeds)
  }
  const seeded = await pipeline.map(prompts.slice(0, 2), { ...two, seed: 7 })
  expect(seeded.map(({ seeds }) => seeds)).toEqual([
    [7, 8],
    [9, 10],
  ])
})

test('a device takes the next prompt when it is free: one that is held up leaves the others to its neighbour', async () => {
  let steps = 0
  let release = () => {}
  const othersDone = new Promise<void>(resolve => {
    release = resolve
  })
  const outputs = await pipeline.map(prompts, {
    ...quick,
    devices,
    callbackOnStepEnd: async () => {
      if (++steps === 1) await othersDone
      if (steps === 7) release()
    },
  })
  const counts = ['cpu', 'cpu:1'].map(name => outputs.filter(({ device }) => device === name).length)
  expect(counts.toSorted()).toEqual([1, 3])
})

test('progress is one bar over all prompts, with a preview of what each device is at', async () => {
  const reports: Progress[] = []
  const counts: Promise<number>[] = []
  setHost('sdnb.progress', ((progress, makePreviews) => {
    reports.push(progress)
    if (makePreviews) counts.push(makePreviews().then(({ length }) => length))
  }) satisfies ProgressReporter)
  await pipeline.map(prompts, { ...quick, devices })
  expect(reports.map(({ step, total, done }) => [step, total, done])).toEqual([
    ...[1, 2, 3, 4, 5, 6, 7, 8].map(step => [step, 8, false]),
    [8, 8, true],
  ])
  expect(new Set(reports.map(({ id, label, device }) => `${id} ${label} ${device}`)).size).toBe(1)
  expect(reports[0]).toMatchObject({ label: 'Denoising', device: 'cpu, cpu:1', unit: 'step' })
  expect((await Promise.all(counts)).at(-1)).toBe(2)
})

/** Starts a long map, lets something happen after its eighth step, and tells how it ended. */
async function interrupted(event: () => void, options: MapOptions = {}) {
  let steps = 0
  const callbackOnStepEnd = () => void (++steps === 8 && event())
  const long = { ...quick, numInferenceSteps: 40, devices, callbackOnStepEnd, ...options }
  const reason = await pipeline.map(prompts, long).catch((error: Error) => error)
  const stepsThen = steps
  await seconds(0.5)
  return { reason, goesOn: steps > stepsThen, steps }
}

test.each(['its signal', 'its cell’s signal'])('an abort of %s ends all devices with the reason', async whose => {
  const stop = new AbortController()
  const own = whose === 'its signal'
  if (!own) setHost('sdnb.signal', () => stop.signal)
  const why = new Error('changed my mind')
  const ended = await interrupted(() => stop.abort(why), own ? { signal: stop.signal } : {})
  expect(ended.reason).toBe(why)
  expect(ended.goesOn).toBe(false)
  expect(ended.steps).toBeLessThan(12)
})

test('a callback that throws ends all devices with its error', async () => {
  const why = new Error('no')
  const ended = await interrupted(() => {
    throw why
  })
  expect(ended.reason).toBe(why)
  expect(ended.goesOn).toBe(false)
})

test('an engine that dies ends all devices, and the next map starts it anew', async () => {
  const ended = await interrupted(() => {
    const pid = childrenOf(process.pid).find(pid => titleOf(pid) === 'sdnb engine cpu:1')!
    process.kill(pid, 'SIGKILL')
  })
  expect(ended.reason).toBeInstanceOf(EngineCrashedError)
  expect((ended.reason as Error).message).toContain('The cpu:1 engine')
  expect(ended.goesOn).toBe(false)
  expect(await pipeline.map(prompts, { ...quick, devices })).toHaveLength(4)
})

test('dispose() ends the engines of all devices', async () => {
  await pipeline.map(prompts.slice(0, 2), { ...quick, devices })
  await pipeline.dispose()
  expect(engines()).toEqual([])
  expect(await openEngine('cpu:1').memory()).toEqual({ resident: 0, peak: 0 })
})

test.each([
  ['one prompt', 'a car', {}, 'prompts must be a list of strings, got "a car": for one, call the pipeline'],
  ['no prompt', [], {}, 'prompt must hold at least one string, got an empty list'],
  ['one generator for all', ['a'], { generator: new Generator(1) }, 'generator must be a list with one a picture'],
  ['too few generators', ['a', 'b'], { generator: [new Generator(1)] }, 'one Generator a picture (2), got 1'],
  ['no device', ['a'], { devices: [] }, "devices must be a list such as ['cuda', 'cuda:1'], got []"],
  ['a device that is none', ['a'], { devices: ['gpu:1'] }, 'device must be auto, cuda, dml'],
])('%s is refused before any work', async (_, given, options, message) => {
  const refused = pipeline.map(given as string[], options as MapOptions)
  await expect(refused).rejects.toThrow(InvalidOptionError)
  await expect(refused).rejects.toThrow(message)
  expect(engines()).toEqual([])
})

test.runIf(process.platform === 'linux')('a device that cannot run is told before any work', async () => {
  const refused = pipeline.map(['a', 'b'], { devices: ['cpu', 'dml:1'] })
  await expect(refused).rejects.toThrow(DeviceUnavailableError)
  expect(engines()).toEqual([])
})

const setHost = (name: string, value: unknown) =>
  Object.defineProperty(globalThis, Symbol.for(name), { value, configurable: true })

const engines = () => childrenOf(process.pid).map(titleOf).toSorted()

const titleOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
