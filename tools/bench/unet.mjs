import { monitorEventLoopDelay } from 'node:perf_hooks'
import { engine, unetOf } from './network.mjs'
import { seconds, spread } from './time.mjs'

/** Times the U-Net; a peer's calls, where there is one, take turns with ours, so that both see the same machine. */
export async function benchUNet(folder, calls, peer) {
  const { model, inputs, size, weightBytes } = await unetOf(folder, { kind: 'fused' })
  const graph = await seconds(async () => model.build())
  const creation = await seconds(() => engine.load({ ...model, build: () => graph.value }))
  const first = await seconds(() => engine.run(model, inputs))

  const ours = []
  const theirs = []
  const peerFirst = peer && (await peer.call(inputs))
  let longestGap = 0
  for (let i = 0; i < calls; i++) {
    const loop = monitorEventLoopDelay({ resolution: 1 }) // a new one a call: while disabled it still counts
    loop.enable()
    ours.push((await seconds(() => engine.run(model, inputs))).seconds)
    loop.disable()
    longestGap = Math.max(longestGap, loop.max / 1e9)
    if (peer) theirs.push((await peer.call(inputs)).seconds)
  }
  const { peak } = await engine.memory()
  await engine.dispose()
  return {
    size,
    weightBytes,
    graph: graph.seconds,
    creation: creation.seconds,
    first: first.seconds,
    call: spread(ours),
    peak,
    longestGap,
    ...(peer && {
      peer: {
        ...peer.about,
        call: spread(theirs),
        peak: (await peer.memory()).peak,
        first: peerFirst.seconds,
        ratio: spread(theirs).median / spread(ours).median,
        difference: largestDifference(first.value.out_sample.data, peerFirst.output),
      },
    }),
  }
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
