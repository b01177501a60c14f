import { expect, test } from 'vitest'
import { startKernel } from '../../src/kernel/client.js'
import type { Message, MessageOf } from '../../src/protocol/messages.js'
import type { ImageDetails } from '../../src/protocol/pictures.js'
import { type ProgressReport, progressType } from '../../src/protocol/progress.js'
import { folder, kernel, only, result, run, text } from './kernelProcess.js'

type Shown = MessageOf<'display_data'>['content']

/** What a cell's one progress display said, first to last. */
function reportsOf(messages: Message[]): ProgressReport[] {
  const shown: Shown[] = [...only(messages, 'display_data'), ...only(messages, 'update_display_data')]
  expect(new Set(shown.map(({ transient }) => transient?.display_id)).size).toBe(1)
  return shown.map(({ data }) => data[progressType] as unknown as ProgressReport)
}

const report = (more: string, makePreviews = 'undefined') =>
  `globalThis[Symbol.for('sdnb.progress')]({ id: 'p', label: 'Denoising', step: 1, total: 3, unit: 'step', done: false, ${more} }, ${makePreviews});`

test('a picture being drawn shows previews at most five times a second; of the last report none is left', async () => {
  await run(
    `import { StableDiffusionPipeline } from 'sdnb'; const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })`,
  )
  const messages = await run(
    `const { images } = await pipeline('photograph of a house', { numInferenceSteps: 25, seed: 7, numImagesPerPrompt: 2 }); images`,
  )
  const reports = reportsOf(messages)
  const [first, ...running] = reports.slice(0, -1)
  const last = reports.at(-1)!
  expect(first.step).toBe(1)
  expect(running.length).toBeGreaterThan(1)
  for (const { elapsed, previews } of running) {
    expect(elapsed).toBeGreaterThan(0)
    expect(previews?.map(({ width, height }) => [width, height])).toEqual([
      [16, 16],
      [16, 16],
    ])
  }
  // the first is shown at once, and again with its previews
  expect(running[0]).toMatchObject(first)
  const times = running.map(({ elapsed }) => elapsed!)
  for (const [i, time] of times.slice(1).entries()) expect(time - times[i]).toBeGreaterThan(190)
  expect(last).toEqual({
    ...{ version: 1, id: last.id, label: 'Denoising', step: 26, total: 26 },
    ...{ unit: 'step', done: true, device: 'cpu' },
  })

  const [{ data }] = only(messages, 'execute_result')
  expect(data['text/plain']).toBe('Image 256×128')
  const { pictures } = data['application/vnd.sdnb.image+json'] as unknown as ImageDetails
  expect(pictures.map(({ x, parameters }) => [x, parameters?.seed])).toEqual([
    [0, 7],
    [128, 8],
  ])
})

test.each([
  ['waits', 'await new Promise(() => {})'],
  ['loops', 'for (;;);'],
])('a call that is stopped while it %s says that it is over', async (_, hang) => {
  const preview = `async () => [{ width: 1, height: 1, png: '' }]`
  const code = `${report('elapsed: 5', preview)} console.log('runs'); ${hang}`
  const messages: Message[] = []
  for await (const received of kernel.execute(code)) {
    messages.push(received)
    if (text([received]).includes('runs')) void kernel.interrupt()
  }
  const reports = reportsOf(messages)
  expect(reports[0].elapsed).toBe(5)
  expect(reports.at(-1)).toEqual({
    version: 1,
    id: 'p',
    label: 'Denoising',
    step: 1,
    total: 3,
    unit: 'step',
    done: true,
  })
})

test('a call is heard also where its preview cannot be made', async () => {
  const second = report('elapsed: 230', 'async () => { throw new Error("no") }')
  const messages = await run(`${report('')} await new Promise(r => setTimeout(r, 220)); ${second}`)
  expect(reportsOf(messages)).toMatchObject([{ step: 1 }, { step: 1, elapsed: 230 }])
})

test('no preview is made for a client that shows none', async () => {
  const made = `async () => { previews.made++; return [] }`
  const code = `const previews = { made: 0 }; ${report("id: 'q', elapsed: 5", made)} await new Promise(r => setTimeout(r, 220)); ${report("id: 'q', elapsed: 230", made)} previews.made`
  expect(result(await run(code))).toBe('2')
  const other = await startKernel({ cwd: folder, showsPreviews: false })
  const messages = await run(code, other)
  await other.shutdown()
  expect(result(messages)).toBe('0')
  expect(reportsOf(messages)).toMatchObject([{ elapsed: 5 }, { elapsed: 230 }])
})
