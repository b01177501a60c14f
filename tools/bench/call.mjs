import { monitorEventLoopDelay } from 'node:perf_hooks'
import { limitsTable } from './limits.mjs'
import { gb, ms, range, s, table, times } from './markdown.mjs'
import { enginePid, watchMemory } from './memory.mjs'
import { engine, unetOf } from './network.mjs'
import { absence, exported, openNetworkPeer } from './peers.mjs'
import { seconds, spread } from './time.mjs'

export const title = 'One call of the U-Net, beside its peers'

/** Each with what of Python it needs, and how it starts. */
const peers = [
  ...['float32', 'bfloat16'].map(dtype => ({
    name: `PyTorch eager, ${dtype}`,
    needs: ['torch', 'diffusers'],
    open: ({ path }, folder) => openNetworkPeer(path, 'torch_unet.py', folder, dtype),
  })),
  {
    name: "onnxruntime, torch's export, float32",
    needs: ['onnxruntime', 'torch', 'diffusers', 'onnxscript'],
    format: 'onnx',
    open: ({ path }, _, exported) => openNetworkPeer(path, 'onnxruntime_unet.py', exported, '1'),
  },
  ...[
    ['float32', 'f32'],
    ['bfloat16', 'bf16'],
  ].map(([dtype, precision]) => ({
    name: `OpenVINO, ${dtype}`,
    needs: ['openvino', 'torch', 'diffusers'],
    format: 'openvino',
    open: ({ path }, _, exported) => openNetworkPeer(path, 'openvino_unet.py', exported, precision),
  })),
]

/** Ours, then each peer in turns with ours, one peer at a time: two of full size fit into 16 GB, six do not into 24. */
export async function measure({ folder, calls, python }) {
  const { model, inputs, size, weightBytes } = await unetOf(folder, { kind: 'fused' })
  const { ready: readyAtFirst } = await ready(model) // the files may not have been read yet
  await engine.dispose()
  const memory = watchMemory(enginePid)
  const warm = await ready(model)
  const first = await seconds(() => engine.run(model, inputs))
  const reference = first.value.out_sample.data

  let longestGap = 0
  const call = async () => {
    const loop = monitorEventLoopDelay({ resolution: 1 }) // a new one a call: while disabled it still counts
    loop.enable()
    const run = await seconds(() => engine.run(model, inputs))
    loop.disable()
    longestGap = Math.max(longestGap, loop.max / 1e9)
    return run.seconds
  }
  const all = []
  for (let i = 0; i < calls; i++) all.push(await call())

  const beside = []
  for (const peer of peers) {
    const absent = absence(python, peer.needs)
    if (!absent) process.stderr.write(`  ${peer.name} …\n`)
    const measured = absent
      ? { absent }
      : await besidePeer(peer).catch(error => ({ absent: `it failed: ${error.message}` }))
    beside.push({ name: peer.name, ...measured })
    all.push(...(measured.ours ?? []))
  }
  const held = memory.stop()
  await engine.dispose()
  return {
    ...{ size, weightBytes, readyAtFirst, ...warm, first: first.seconds, call: spread(all), ...held, longestGap },
    int8: await inEightBits(folder, calls, reference),
    peers: beside,
  }

  async function besidePeer({ needs, format, open }) {
    const made = format && (await exported(python, folder, format))
    const peer = await open(python, folder, made?.path)
    const peerFirst = await peer.call(inputs)
    const rounds = []
    for (let i = 0; i < calls; i++) rounds.push({ ours: await call(), theirs: (await peer.call(inputs)).seconds })
    return {
      versions: needs.map(need => `${need} ${python.packages[need]}`),
      ...{ ready: peer.ready, ...peer.about, first: peerFirst.seconds, ...(await peer.close()) },
      ours: rounds.map(({ ours }) => ours),
      call: spread(rounds.map(({ theirs }) => theirs)),
      ratio: spread(rounds.map(({ ours, theirs }) => ours / theirs)),
      difference: largestDifference(reference, peerFirst.output),
      ...(made && { format, export: { seconds: made.seconds, peak: made.peak } }),
    }
  }
}

async function ready(model) {
  const graph = await seconds(() => model.build())
  const session = await seconds(() => engine.load({ ...model, build: () => graph.value }))
  return { graph: graph.seconds, ready: graph.seconds + session.seconds }
}

/** What `quality: 'balanced'` and `'fast'` run, alone. */
async function inEightBits(folder, calls, reference) {
  const { model, inputs } = await unetOf(folder, { kind: 'fused' }, { int8: true })
  await model.build() // writes the weights, once for a model
  const memory = watchMemory(enginePid)
  const warm = await ready(model)
  const first = await seconds(() => engine.run(model, inputs))
  const taken = []
  for (let i = 0; i < calls; i++) taken.push((await seconds(() => engine.run(model, inputs))).seconds)
  const held = memory.stop()
  await engine.dispose()
  const difference = largestDifference(reference, first.value.out_sample.data)
  return { ...warm, first: first.seconds, call: spread(taken), ...held, difference }
}

export function limits({ ready, private: own, peers }) {
  const ratio = (name, most) => {
    const peer = peers.find(peer => peer.name === name)
    return peer?.ratio ? [{ what: `a call, times ${name}'s`, value: peer.ratio.median, most, show: times }] : []
  }
  return [
    { what: 'session ready, files in the page cache', value: ready, most: 0.5, show: s },
    ...(own === undefined ? [] : [{ what: 'private memory', value: own, most: 1.5e9, show: gb }]),
    ...ratio('PyTorch eager, float32', 0.5),
    ...ratio('OpenVINO, float32', 1),
  ]
}

export function section(result) {
  const {
    size,
    weightBytes,
    readyAtFirst,
    graph,
    ready,
    first,
    call,
    peak,
    private: own,
    longestGap,
    int8,
    peers,
  } = result
  const present = peers.filter(({ absent }) => !absent)
  const rows = [
    ['**SD Notebook**, float32', s(ready), s(first), range(call), '', gb(peak), gb(own), ''],
    ...[{ name: '**SD Notebook**, 8 bits where they lose little', ...int8 }, ...present].map(each => [
      ...[each.name, s(each.ready), s(each.first), range(each.call), each.ratio ? range(each.ratio, times) : ''],
      ...[gb(each.peak), gb(each.private), each.difference.toExponential(0)],
    ]),
  ]
  const head = ['', 'ready', 'first call', 'a call', 'ours, times its', 'peak resident', 'of it private', 'differs']
  const parts = [
    `Stable Diffusion 1.x at ${size} × ${size}, batch 1, on the CPU; its weights are ${gb(weightBytes)} in float32. Each peer takes turns ` +
      `with ours in float32, ${call.times.length / (1 + present.length)} rounds of the same inputs: median (least to most); the ratio is of each round. *Ready*: from the ` +
      'start of the process; *private*: not pages of a file; *differs*: largest difference of the outputs, relative to the largest value.',
    table(head, rows),
    limitsTable(limits(result)),
    `Ours: ${s(readyAtFirst)} until ready at the first start of the run, of the later one ${ms(graph)} to write the graph; the caller's event loop ` +
      `was held ${ms(longestGap)} at most.`,
    ...exportLines(present),
    ...(present.length > 0
      ? [`Versions: ${[...new Set(present.flatMap(({ versions }) => versions))].join(', ')}.`]
      : []),
    ...notMeasured(peers),
  ]
  return parts.join('\n\n')
}

function notMeasured(peers) {
  const reasons = new Set(peers.map(({ absent }) => absent).filter(Boolean))
  const of = reason => peers.filter(({ absent }) => absent === reason).map(({ name }) => name)
  return [...reasons].map(reason => `Not measured, ${reason}: ${of(reason).join('; ')}.`)
}

function exportLines(peers) {
  const made = new Map(peers.filter(peer => peer.export).map(peer => [peer.format, peer.export]))
  return [...made].map(
    ([format, { seconds, peak }]) =>
      `torch's export for ${format}, beforehand and once: ${s(seconds)}, ${gb(peak)} at most.`,
  )
}

/** Of two outputs, relative to the largest value. */
function largestDifference(ours, theirs) {
  let difference = 0
  let largest = 0
  for (const [i, value] of theirs.entries()) {
    difference = Math.max(difference, Math.abs(value - ours[i]))
    largest = Math.max(largest, Math.abs(value))
  }
  return difference / largest
}
