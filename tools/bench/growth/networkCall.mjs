/**
 * node networkCall.mjs FOLDER unet|decoder BATCH SIZE
 *
 * A call of a network in a process of its own, whose memory the caller watches: the seconds of one call and of its operators, as JSON.
 * The U-Net's is the second, as its first reads 3.4 GB of weights; the decoder's, of which reading them is no part, the first.
 */
import { decoderOf, unetOf } from '../network.mjs'
import { profiled } from '../profiled.mjs'

const [folder, network, batch, size] = process.argv.slice(2)
const shape = { batch: Number(batch), size: Number(size) }
const isUNet = network === 'unet'
const { model, inputs, weightBytes } = await (isUNet
  ? unetOf(folder, { kind: 'fused' }, shape)
  : decoderOf(folder, shape.size))
const { whole, operators } = await profiled(model, inputs, { before: isUNet ? 1 : 0, calls: 1 })
process.stdout.write(JSON.stringify({ seconds: whole, operators, weightBytes }))
