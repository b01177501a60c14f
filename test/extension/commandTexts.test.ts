import { expect, test } from 'vitest'
import { cudaQuestion } from '../../src/extension/commands/cudaQuestion.js'
import { deviceItems } from '../../src/extension/commands/deviceItems.js'
import { lineSplitter } from '../../src/extension/commands/lines.js'
import { memoryItems } from '../../src/extension/commands/memoryItems.js'
import {
  loadingCode,
  modelId,
  modelItems,
  type PullPlan,
  planQuestion,
} from '../../src/extension/commands/modelItems.js'
import { variableNodes } from '../../src/extension/views/variableNodes.js'
import { sizeText } from '../../src/protocol/sizeText.js'

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [340_000, '340 kB'],
  [11_400_000, '11.4 MB'],
  [5_480_000_000, '5.48 GB'],
  [1_234_000_000_000, '1234 GB'],
])('%i is %s', (bytes, text) => expect(sizeText(bytes)).toBe(text))

test('lines come whole, however their text is cut', () => {
  const lines: string[] = []
  const split = lineSplitter(line => lines.push(line))
  for (const piece of ['{"a"', ':1}\n{"b":2}\n', '{"c', '":3}\n', '{"unfinished']) split(piece)
  expect(lines).toEqual(['{"a":1}', '{"b":2}', '{"c":3}'])
})

test('devices: auto, then what works, then the others with the reason', () => {
  const items = deviceItems(
    [
      { device: 'cuda', works: false, chosen: false, reason: 'no driver' },
      { device: 'dml:1', works: true, chosen: false },
      { device: 'cpu', works: true, chosen: true },
    ],
    'cpu',
  )
  expect(items.map(({ device, description, problem }) => [device, description, problem])).toEqual([
    ['auto', 'the best that works, here cpu', undefined],
    ['dml:1', 'graphics card, by DirectML', undefined],
    ['cpu', 'processor (now)', undefined],
    ['cuda', 'NVIDIA graphics card, by CUDA', 'no driver'],
  ])
})

test.each([
  ['CompVis/stable-diffusion-v1-4', 'CompVis/stable-diffusion-v1-4'],
  [' owner/name/ ', 'owner/name'],
  ['https://huggingface.co/owner/name', 'owner/name'],
  ['https://huggingface.co/owner/name/tree/main/unet', 'owner/name'],
  ['name', undefined],
  ['owner/name/more', undefined],
  ['', undefined],
])('%j names the model %s', (text, id) => expect(modelId(text)).toBe(id))

const plan = (bytes: number, missing: number, variant?: string): PullPlan => ({
  ...{ type: 'plan', id: 'o/n', commit: 'c', folder: 'f', free: 5e9 },
  ...{ bytes, missing, variant },
})

test('a download is asked for with its sizes; what does not fit is no choice', () => {
  const { message, detail, choices } = planQuestion([plan(6e9, 6e9), plan(3e9, 1e9, 'fp16')])
  expect(message).toBe('Download o/n?')
  expect(detail).toBe('Half precision (fp16): 3.00 GB, 1.00 GB still to come.\n5.00 GB are free on the disk.')
  expect(choices.map(({ title }) => title)).toEqual(['Download fp16, 1.00 GB'])
})

test('a download that fits in no form says how much is missing', () => {
  const { message, detail, choices } = planQuestion([plan(6e9, 6e9)])
  expect([message, choices]).toEqual(['o/n does not fit on the disk', []])
  expect(detail).toMatch(/^It needs 6\.00 GB; 5\.00 GB are free\. Make room/)
})

test('the code that loads a model names its variant', () => {
  expect(loadingCode({ id: 'o/n' })).toBe("const pipeline = await StableDiffusionPipeline.fromPretrained('o/n')")
  expect(loadingCode({ id: 'o/n', variant: 'fp16' })).toMatch("('o/n', { dtype: 'float16', variant: 'fp16' })")
})

test('the model that ships with the extension is not there to be removed', () => {
  const model = { folder: 'f', bytes: 2e9, variants: [null] }
  expect(
    modelItems([
      { ...model, id: 'sdnb/tiny', revisions: [] },
      { ...model, id: 'o/n', commit: '0123456789', revisions: [], problem: 'a part is missing' },
    ]).map(({ label, description, detail }) => [label, description, detail]),
  ).toEqual([['o/n', '01234567, 2.00 GB', 'a part is missing']])
})

const session = {
  variables: [
    { name: 'n', type: 'number', value: '7' },
    { name: 'pipe', type: 'StableDiffusionPipeline', value: '…' },
    { name: 'list', type: 'Array', value: '[ 1, 2 ]', size: '2 items' },
  ],
  pipelines: [{ name: 'pipe', type: 'StableDiffusionPipeline', device: 'cpu', bytes: 144e6 }],
  memory: { kernel: 120e6, engines: 200e6 },
}

test('variables: pipelines first, with device and memory, and once', () =>
  expect(variableNodes(session).map(({ kind, name, description }) => [kind, name, description])).toEqual([
    ['pipeline', 'pipe', 'cpu, 144 MB'],
    ['variable', 'n', 'number  7'],
    ['variable', 'list', 'Array  2 items  [ 1, 2 ]'],
  ]))

test('no session has no variables', () => expect(variableNodes(undefined)).toEqual([]))

test('memory: pipelines, the processes, and the way to free them', () => {
  expect(memoryItems(session).map(({ description, shutsDown }) => [description, shutsDown])).toEqual([
    ['StableDiffusionPipeline on cpu, 144 MB', undefined],
    ['kernel 120 MB, models 200 MB', undefined],
    ['frees all of it; variables are lost', true],
  ])
  expect(memoryItems(undefined)[0].label).toMatch('No pipeline is loaded')
})

const cudaPlan = (free: number, warning?: string) =>
  cudaQuestion({
    ...{ type: 'plan', warning, bytes: 3e8, disks: [{ folder: '/data', room: 1e9, free }] },
    parts: [{ name: 'nvidia-cudnn-cu12', version: '9.28', bytes: 3e8, folder: '/data' }],
  })

test('CUDA is asked for with its size, and the room that it takes', () =>
  expect(cudaPlan(2e9)).toEqual({
    message: 'Install CUDA?',
    detail: [
      'nvidia-cudnn-cu12 9.28: 300 MB',
      '',
      '1.00 GB of disk in /data, 2.00 GB free.',
      "NVIDIA's licences apply to CUDA and cuDNN.",
    ].join('\n'),
    yes: 'Download 300 MB',
  }))

test('CUDA without room has no way on; what is in the way all the same comes first', () => {
  const { message, detail, yes } = cudaPlan(1e8, 'NVIDIA GPU: none')
  expect([message, yes]).toEqual(['CUDA does not fit on the disk', undefined])
  expect(detail).toMatch(/^NVIDIA GPU: none\n\nnvidia-cudnn-cu12 9\.28: 300 MB\n\n1\.00 GB of disk.+\nMake room\.$/)
})
