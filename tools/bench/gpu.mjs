import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { source } from '../source.mjs'
import { decibels } from './decibels.mjs'
import { gpuMemory, watchGpuMemory } from './gpuMemory.mjs'
import { gb, range, s, table } from './markdown.mjs'
import { absence, openPeer } from './peers.mjs'
import { seconds, spread } from './time.mjs'

export const title = 'GPU'

const request = { prompt: 'a car', steps: 50, guidance: 7.5, seed: 1 }

const cases = [
  { size: 512, batch: 1 },
  { size: 512, batch: 4 },
  { size: 1024, batch: 1 },
]

const needs = ['torch', 'diffusers']

/** Pictures of the folder on the first card, in half precision but by WebGPU; one after the other, so that each has the card's memory to itself. */
export async function measure({ folder, calls, python }) {
  const { StableDiffusionPipeline, resolveDevice, nvidiaGpu } = await source(
    'pipeline/index.ts',
    'pipeline/runtime/devices.ts',
    'pipeline/runtime/nvidiaGpu.ts',
  )
  const absenceOf = device =>
    resolveDevice(device).then(
      () => undefined,
      error => error.message,
    )
  const absent = await absenceOf('cuda')
  if (absent) return { absent }
  const { gpus, driver } = await nvidiaGpu()
  const ours = await drawn(() => openOurs(StableDiffusionPipeline, folder, 'cuda', 'float16'), calls)
  const others = [
    {
      name: '**SD Notebook**, WebGPU, float32',
      absent: await absenceOf('webgpu'),
      open: () => openOurs(StableDiffusionPipeline, folder, 'webgpu', 'float32'),
    },
    ...['eager', 'compiled'].map(form => ({
      name: `diffusers, float16${form === 'compiled' ? ', torch.compile' : ''}`,
      absent: absence(python, needs),
      open: () => openTorch(python, folder, form),
    })),
  ]
  const beside = []
  for (const { name, absent, open } of others) {
    if (!absent) process.stderr.write(`  ${name} …\n`)
    const measured = absent
      ? { absent }
      : await drawn(open, calls).catch(error => ({ absent: `it failed: ${error.message}` }))
    const nearness = measured.results && decibels(ours.results[0].pixels, measured.results[0].pixels)
    beside.push({ name, ...measured, ...(nearness && { decibels: nearness }) })
  }
  for (const { results = [] } of [ours, ...beside]) for (const result of results) delete result.pixels
  return {
    ...{ gpu: gpus[0], driver, steps: request.steps, ours, peers: beside },
    versions: python ? needs.filter(need => python.packages[need]).map(need => `${need} ${python.packages[need]}`) : [],
  }
}

/** Each case: a picture of two steps, for which sessions or kernels are made, then as many as there are calls; memory above what is held without. */
async function drawn(open, calls) {
  const before = gpuMemory()
  const { draw, close } = await open()
  const results = []
  try {
    for (const { size, batch } of cases) {
      const memory = watchGpuMemory()
      const first = await draw({ ...request, steps: 2, size, batch })
      const times = []
      let pixels
      for (let i = 0; i < calls; i++) {
        const picture = await draw({ ...request, size, batch })
        times.push(picture.seconds)
        pixels = picture.pixels
      }
      results.push({ size, batch, first: first.seconds, call: spread(times), memory: memory.stop() - before, pixels })
    }
  } finally {
    await close()
  }
  return { results }
}

async function openOurs(StableDiffusionPipeline, folder, device, dtype) {
  const pipeline = await StableDiffusionPipeline.fromPretrained(folder, {
    device,
    dtype,
    requiresSafetyChecker: false,
  })
  return {
    async draw({ prompt, steps, guidance, seed, size, batch }) {
      const options = { numInferenceSteps: steps, guidanceScale: guidance, seed, width: size, height: size }
      const { value, seconds: took } = await seconds(() => pipeline(prompt, { ...options, numImagesPerPrompt: batch }))
      return { seconds: took, pixels: value.images[0].data }
    },
    close: () => pipeline.dispose(),
  }
}

async function openTorch(python, folder, form) {
  const exchange = await mkdtemp(join(tmpdir(), 'sdnb-bench-'))
  const peer = await openPeer(python.path, 'torch_picture.py', exchange, folder, form)
  return {
    draw: async request => ({ ...(await peer.ask(request)), pixels: await readFile(join(exchange, 'picture')) }),
    async close() {
      await peer.close()
      await rm(exchange, { recursive: true })
    },
  }
}

export function section({ gpu, driver, steps, ours, peers, versions }) {
  const rows = [{ name: '**SD Notebook**, CUDA, float16', ...ours }, ...peers].flatMap(({ name, results = [] }) =>
    results.map(({ size, batch, first, call, memory }) => [
      ...[name, `${size} × ${size}`, String(batch), s(first), range(call), s(call.median / batch), gb(memory)],
    ]),
  )
  const present = peers.filter(({ absent }) => !absent)
  return [
    `Stable Diffusion 1.x on one ${gpu.name}${driver ? `, driver ${driver.version}` : ''}, ${steps} steps of PNDM, which are ${steps + 1} calls of the U-Net, ` +
      `with guidance ${request.guidance} in one call: text encoder, U-Net and decoder, from the call to the pictures, ` +
      `${ours.results[0].call.times.length} of each one after another: median (least to most). *First*: two steps, for which sessions or kernels are made. ` +
      '*Memory*: of the card, by nvidia-smi, at most.',
    table(['', 'pictures of', 'at once', 'first', 'a call', 'a picture', 'memory'], rows),
    ...present.map(({ name, decibels }) => `${name}: its first picture is ${decibels.toFixed(1)} dB from ours.`),
    ...(versions.length > 0 && present.length > 0 ? [`Versions: ${versions.join(', ')}.`] : []),
    ...peers.filter(({ absent }) => absent).map(({ name, absent }) => `Not measured, ${absent}: ${name}.`),
  ].join('\n\n')
}
