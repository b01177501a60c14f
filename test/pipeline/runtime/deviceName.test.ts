import { expect, test } from 'vitest'
import { deviceIndex, deviceKind, deviceName } from '../../../src/pipeline/runtime/deviceName.js'
import { sessionOptions } from '../../../src/pipeline/runtime/sessionOptions.js'

const model = { externalDataRoot: '/', derivesWeights: false }

test('a name is a kind and a number, which the first goes without', () => {
  expect([deviceName('cuda', 0), deviceName('cuda', 1)]).toEqual(['cuda', 'cuda:1'])
  expect([deviceKind('cuda:1'), deviceIndex('cuda:1')]).toEqual(['cuda', 1])
  expect([deviceKind('dml'), deviceIndex('dml')]).toEqual(['dml', 0])
})

test.each([
  ['cuda', 'cuda'],
  ['cuda:1', { name: 'cuda', deviceId: 1 }],
  ['dml:2', { name: 'dml', deviceId: 2 }],
  ['cpu:1', 'cpu'],
  ['webgpu', 'webgpu'],
] as const)('onnxruntime is asked for %s as %o', (device, provider) =>
  expect(sessionOptions(device, model).executionProviders).toEqual([provider]),
)

test('a second CPU engine is made as the first', () =>
  expect(sessionOptions('cpu:1', model)).toEqual(sessionOptions('cpu', model)))
