const pixels = "format(sqrt(datum.value), 'd') + '²'"
const sec = {
  unit: 'seconds',
  show: value => (value < 0.1 ? `${(1000 * value).toFixed(1)} ms` : `${value.toFixed(2)} s`),
}
const gb = { unit: 'memory, GB', scale: 1e9, show: bytes => `${(bytes / 1e9).toFixed(2)} GB` }
const mb = { unit: 'memory, MB', scale: 1e6, show: bytes => `${(bytes / 1e6).toFixed(0)} MB` }

/**
 * The tables of growth: which rows of the result, against what, and their columns, each with the power that it may grow by at most, from
 * the middle row to the last: 1 is linear. `reason`: why what is not linear is not.
 */
export const tables = [
  {
    name: 'unet-batch',
    title: 'A call of the U-Net, 512², against batch',
    rows: ({ batches }) => batches,
    x: { title: 'batch', of: ({ batch }) => batch, show: ({ batch }) => `${batch}` },
    columns: [
      { name: 'a call', of: row => row.seconds, ...sec, most: 1.15 },
      { name: 'peak resident', of: row => row.peak, ...gb, most: 1 },
      { name: 'of it private', of: row => row.private, ...gb, most: 1.1 },
    ],
    reason: ({ batches: [{ weightBytes }] }) =>
      `Time is linear. Of the resident memory, ${gb.show(weightBytes)} are pages of the weight file, which a batch of any size shares; what is private is linear above what Node and onnxruntime hold without a call.`,
  },
  {
    name: 'unet-size',
    title: 'A call of the U-Net, batch 1, against size',
    rows: ({ sizes }) => sizes,
    x: { title: 'picture, pixels', of: ({ size }) => size ** 2, label: pixels, show: ({ size }) => `${size}²` },
    columns: [
      { name: 'a call', of: row => row.seconds, ...sec },
      { name: 'attention', of: row => row.attention, ...sec, most: 2.2 },
      { name: 'convolutions', of: row => row.convolutions, ...sec, most: 1.2 },
      { name: 'products', of: row => row.products, ...sec, most: 1.2 },
      { name: 'peak resident', of: row => row.peak, ...gb, most: 1 },
      { name: 'of it private', of: row => row.private, ...gb, most: 1.2 },
    ],
    reason: ({ sizes }) =>
      `Attention compares each pixel of the latents with every other: its time goes with the square of the pixels, and is ${share('attention', sizes[0])} of a call at ${sizes[0].size}², ` +
      `${share('attention', sizes.at(-1))} at ${sizes.at(-1).size}². Convolutions and products with weights do the same for each pixel, and are linear. ` +
      'Scores of attention are never held whole, so private memory is linear.',
  },
  {
    name: 'decoder-size',
    title: 'The decoder, against size',
    rows: ({ decoder }) => decoder,
    x: { title: 'picture, pixels', of: ({ size }) => size ** 2, label: pixels, show: ({ size }) => `${size}²` },
    columns: [
      { name: 'a picture', of: row => row.seconds, ...sec, most: 1.15 },
      { name: 'attention', of: row => row.attention, ...sec, most: 2.2 },
      { name: 'norms', of: row => row.norms, ...sec },
      { name: 'convolutions', of: row => row.convolutions, ...sec, most: 1.15 },
      { name: 'peak resident', of: row => row.peak, ...gb, most: 1.1 },
      { name: 'of it private', of: row => row.private, ...gb, most: 1.1 },
    ],
    reason: ({ decoder }) =>
      `One layer of attention among the convolutions goes with the square of the pixels: ${share('attention', decoder.at(-1))} of the time at ${decoder.at(-1).size}². ` +
      `Norms pass over a group three times, which caches hold up to some 512²: ${share('norms', decoder.at(-1))} at ${decoder.at(-1).size}². The rest is linear, memory too.`,
  },
  {
    name: 'steps',
    title: 'A picture of sdnb/tiny, against steps',
    rows: ({ steps }) => steps,
    x: { title: 'steps', of: ({ steps }) => steps, show: ({ steps }) => `${steps}` },
    columns: [
      { name: 'a picture', of: row => row.seconds, ...sec, most: 1.1 },
      { name: 'its steps', of: row => row.denoising, ...sec, most: 1.1 },
      { name: "engine's peak resident", of: row => row.peak, ...mb, most: 0.3 },
      { name: 'of it private', of: row => row.private, ...mb, most: 0.3 },
    ],
    reason: ({ steps }) =>
      `Steps are linear; a picture has what encodes the text and decodes the latents besides, ${sec.show(steps[0].seconds - steps[0].denoising)} at any number of steps. PNDM calls the network once more than it is asked for, but for one step.`,
  },
  {
    name: 'cells',
    title: 'A notebook, against its cells',
    rows: ({ cells }) => cells,
    x: { title: 'cells', of: ({ cells }) => cells, show: ({ cells }) => `${cells}` },
    columns: [
      { name: '`sdnb run`', of: row => row.run, ...sec, most: 1.1 },
      { name: 'all cells in a kernel', of: row => row.kernel, ...sec, most: 1.1 },
      { name: 'file read', of: row => row.parse, ...sec, most: 1.2 },
      { name: 'file written', of: row => row.serialise, ...sec, most: 1.2 },
      { name: "kernel's private memory", of: row => row.kernelMemory, ...mb, most: 0.3 },
    ],
    reason: () =>
      'A cell takes the same time wherever it stands. Below some hundred cells the start of `sdnb run` and of its kernel, and the first cells, which run before V8 has compiled the kernel, take longer than all the rest.',
  },
  {
    name: 'language',
    title: 'The language service at the end of a notebook, against its cells',
    rows: ({ cells }) => cells,
    x: { title: 'cells', of: ({ cells }) => cells, show: ({ cells }) => `${cells}` },
    columns: [
      { name: 'all cells checked, once', of: row => row.star.all, ...sec, most: 1.2 },
      { name: 'completion after a key', of: row => row.star.completion, ...sec, most: 1 },
      { name: 'the same, a chain of cells', of: row => row.chain.completion, ...sec, most: 1.1 },
      { name: 'private memory', of: row => row.chain.memory, ...mb, most: 0.5 },
    ],
    reason: () =>
      'After each key TypeScript makes a new program of all cells, but checks only what the question needs. In a chain, where each cell uses a name of the one before, that is all cells before the last: from some 200 on they are checked in order.',
  },
  {
    name: 'pictures',
    title: 'One session, against the pictures drawn in it',
    rows: ({ pictures }) => pictures,
    x: { title: 'pictures', of: ({ pictures }) => pictures, show: ({ pictures }) => `${pictures}` },
    columns: [
      { name: "kernel's private memory", of: row => row.kernel, ...mb, most: 0.15 },
      { name: "engine's", of: row => row.engine, ...mb, most: 0.15 },
    ],
    reason: () =>
      'A notebook loads `sdnb/tiny`, and draws and shows a picture of two steps in each cell. What messages came in lies in memory until V8 collects it, some tens of MB in either process, whatever was drawn before; nothing else is kept.',
  },
]

const share = (part, row) => `${((100 * row[part]) / row.seconds).toFixed(0)} %`
