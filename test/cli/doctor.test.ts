import { expect, test, vi } from 'vitest'
import type { DoctorReport } from '../../src/protocol/commandLine.js'
import { newFolder, sdnb } from './sdnb.js'

test('doctor tells what works here, and why the rest does not', async () => {
  vi.stubEnv('HF_HOME', newFolder())
  const { code, stdout, stderr } = await sdnb(newFolder(), 'doctor', '--json')
  vi.unstubAllEnvs()
  const report: DoctorReport = JSON.parse(stdout)
  expect([code, stderr, report.ok]).toEqual([0, '', true])
  expect(report.node).toEqual({ version: process.versions.node, path: process.execPath })
  expect(report.devices.map(({ device }) => device)).toEqual(['cuda', 'dml', 'webgpu', 'coreml', 'cpu'])
  expect(report.devices.at(-1)).toMatchObject({ device: 'cpu', works: true })
  expect(report.devices.filter(({ chosen }) => chosen)).toHaveLength(1)
  for (const { device, works, reason } of report.devices)
    if (!works) expect(reason).toMatch(new RegExp(`^The device ${device} .+\\.$`, 's'))
  if (`${process.platform}-${process.arch}` === 'linux-x64') {
    const needs = report.devices[0].needs?.map(({ name }) => name)
    expect(needs?.slice(0, 3)).toEqual(['NVIDIA GPU', 'NVIDIA driver', 'libonnxruntime_providers_cuda.so'])
    expect(needs).toEqual(
      expect.arrayContaining(['libcublasLt.so.12', 'libcuda.so.1', 'libcudart.so.12', 'libcudnn.so.9']),
    )
  }
  expect(report.libraries.find(({ name }) => name === 'onnxruntime-node')).toEqual({
    name: 'onnxruntime-node',
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
  })
  expect(report.models.models).toMatchObject([{ id: 'sdnb/tiny', variants: [null] }])
})

test('doctor for a person', async () => {
  const { code, stdout } = await sdnb(newFolder(), 'doctor')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^sdnb \d.+, Node \d/)
  expect(stdout).toMatch(/✔ cpu/)
  expect(stdout).toMatch(/✔ sharp \d/)
  expect(stdout).toMatch(/sdnb\/tiny {2}shipped {2}\d+\.\d MB {2}ready/)
})
