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
  const ready = async () => {
    const graph = await seconds(async () => model.build())
    const session = await seconds(() => engine.load({ ...model, build: () => graph.value }))
    return { graph: graph.seconds, ready: graph.seconds + session.seconds }
  }
  const { ready: readyAtFirst } = await ready() // the files may not have been read yet
  await engine.dispose()
  const memory = watchMemory(enginePid)
  const warm = await ready()
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
  for (const { name, needs, format, open } of peers) {
    const absent = absence(python, needs)
    if (absent) {
      beside.push({ name, absent })
      continue
    }
    process.stderr.write(`  ${name} …\n`)
    const made = format && (await exported(python, folder, format))
    const peer = await open(python, folder, made?.path)
    const peerFirst = await peer.call(inputs)
    const rounds = []
    for (let i = 0; i < calls; i++) rounds.push({ ours: await call(), theirs: (await peer.call(inputs)).seconds })
    all.push(...rounds.map(({ ours }) => ours))
    const held = await peer.close()
    beside.push({
      name,
      versions: needs.map(need => `${need} ${python.packages[need]}`),
      ...{ ready: peer.ready, ...peer.about, first: peerFirst.seconds, ...held },
      call: spread(rounds.map(({ theirs }) => theirs)),
      ratio: spread(rounds.map(({ ours, theirs }) => ours / theirs)),
      difference: largestDifference(reference, peerFirst.output),
      ...(made && { format, export: { seconds: made.seconds, peak: made.peak } }),
    })
  }
  const held = memory.stop()
  await engine.dispose()
  return {
    ...{ size, weightBytes, readyAtFirst, ...warm, first: first.seconds, call: spread(all), ...held, longestGap },
    peers: beside,
  }
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
  const { size, weightBytes, readyAtFirst, graph, ready, first, call, peak, private: own, longestGap, peers } = result
  const present = peers.filter(({ absent }) => !absent)
  const rows = [
    ['**SD Notebook**, float32', s(ready), s(first), range(call), '', gb(peak), gb(own), ''],
    ...present.map(peer => [
      ...[peer.name, s(peer.ready), s(peer.first), range(peer.call), range(peer.ratio, times)],
      ...[gb(peer.peak), gb(peer.private), peer.difference.toExponential(0)],
    ]),
  ]
  const head = ['', 'ready', 'first call', 'a call', 'ours, times its', 'peak resident', 'of it private', 'differs']
  const parts = [
    `Stable Diffusion 1.x at ${size} × ${size}, batch 1, on the CPU; its weights are ${gb(weightBytes)} in float32. Each peer takes turns ` +
      `with ours, ${call.times.length / (1 + present.length)} rounds of the same inputs: median (least to most); the ratio is of each round. *Ready*: from the ` +
      'start of the process; *private*: not pages of a file; *differs*: largest difference of the outputs, relative to the largest value.',
    table(head, rows),
    limitsTable(limits(result)),
    `Ours: ${s(readyAtFirst)} until ready at the first start of the run, of the later one ${ms(graph)} to write the graph; the caller's event loop ` +
      `was held ${ms(longestGap)} at most.`,
    ...exportLines(present),
    ...(present.length > 0
      ? [`Versions: ${[...new Set(present.flatMap(({ versions }) => versions))].join(', ')}.`]
      : []),
    ...peers.filter(({ absent }) => absent).map(({ name, absent }) => `${name}: not measured, ${absent}.`),
  ]
  return parts.join('\n\n')
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
