import { existsSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { DeviceUnavailableError, InvalidOptionError } from '../../../src/pipeline/errors.js'
import { devicesLike, explained, resolveDevice } from '../../../src/pipeline/runtime/devices.js'
import type { Device } from '../../../src/pipeline/runtime/messages.js'

afterEach(() => vi.unstubAllEnvs())

/** What a machine with a graphics card answers is its own business. */
const noGpu = !existsSync('/dev/nvidiactl') && !existsSync('/dev/dri')
const testWithoutGpu = noGpu ? test : () => {}
const chromium = '/usr/lib/chromium'
const swiftShader = existsSync(`${chromium}/vk_swiftshader_icd.json`) && existsSync(`${chromium}/libvulkan.so.1`)

test('the CPU always works', async () => expect(await resolveDevice('cpu')).toBe('cpu'))

testWithoutGpu('auto is the CPU where there is no graphics device, and is told without starting anything', async () => {
  const started = performance.now()
  expect(await resolveDevice('auto')).toBe('cpu')
  expect(performance.now() - started).toBeLessThan(50)
})

testWithoutGpu('cuda without its provider names the file and how to get it', async () => {
  const failure = await resolveDevice('cuda').catch(error => error)
  expect(failure).toBeInstanceOf(DeviceUnavailableError)
  expect(failure.message).toMatch(
    /needs libonnxruntime_providers_\w+\.so, which is not there\. Run: sdnb install cuda\./,
  )
})

test.runIf(process.platform === 'linux')('a device of another system names the systems that have it', () =>
  expect(resolveDevice('dml')).rejects.toThrow(/^The device dml exists on Windows only, this is linux-x64\./),
)

describe('SDNB_DEVICE in the environment', () => {
  test('is what auto takes', async () => {
    vi.stubEnv('SDNB_DEVICE', 'cpu')
    expect(await resolveDevice('auto')).toBe('cpu')
    vi.stubEnv('SDNB_DEVICE', process.platform === 'linux' ? 'dml' : 'cuda')
    await expect(resolveDevice('auto')).rejects.toThrow(
      /^The device \w+ .* SDNB_DEVICE in the environment asks for it: unset it for the best device that works here\.$/,
    )
  })

  test('has no say where a device is named', async () => {
    vi.stubEnv('SDNB_DEVICE', 'mps')
    expect(await resolveDevice('cpu')).toBe('cpu')
  })

  test.each(['auto', ''])('says nothing as "%s"', async value => {
    vi.stubEnv('SDNB_DEVICE', value)
    expect(await resolveDevice('auto')).not.toBe('')
  })

  test('that is no device is an error that names it', async () => {
    vi.stubEnv('SDNB_DEVICE', 'mps')
    await expect(resolveDevice('auto')).rejects.toThrow(
      new InvalidOptionError(
        'SDNB_DEVICE in the environment must be auto, cuda, dml, webgpu, coreml, cpu, or one of several as cuda:1, got "mps"',
      ),
    )
  })
})

describe('one of several', () => {
  test.each([
    ['cpu:0', 'cpu'],
    ['cpu:1', 'cpu:1'],
    ['cpu:01', 'cpu:1'],
  ] as const)('%s is %s', async (name, device) => expect(await resolveDevice(name)).toBe(device))

  test.each(['cuda:', 'cuda:-1', 'cuda:1.5', 'auto:1', 'cuda1', 'toString:1'])('%s is no device', name =>
    expect(resolveDevice(name as Device)).rejects.toThrow(InvalidOptionError),
  )

  test.runIf(process.platform === 'linux')('webgpu has no second, and says why', () =>
    expect(resolveDevice('webgpu:1')).rejects.toThrow(
      'onnxruntime chooses the graphics card of webgpu by itself, so webgpu is the only one',
    ),
  )

  test('the CPU is one device: a second engine is made where it is named', async () => {
    expect(await devicesLike('cpu')).toEqual(['cpu'])
    expect(await devicesLike('cpu:1')).toEqual(['cpu:1'])
  })

  testWithoutGpu('cards that are not there are not looked for', async () =>
    expect(await devicesLike('cuda')).toEqual(['cuda']),
  )
})

test('an unknown device is an InvalidOptionError that lists the known', () =>
  expect(resolveDevice('mps' as Device)).rejects.toThrow(
    new InvalidOptionError(
      'device must be auto, cuda, dml, webgpu, coreml, cpu, or one of several as cuda:1, got "mps"',
    ),
  ))

testWithoutGpu('webgpu without an adapter says what to install', async () => {
  vi.stubEnv('VK_ICD_FILENAMES', '/nonexistent.json')
  await expect(resolveDevice('webgpu')).rejects.toThrow(/driver/)
})

test.skipIf(!swiftShader)(
  'a software adapter that computes attention wrongly is refused, and does not count for auto',
  async () => {
    vi.stubEnv('VK_ICD_FILENAMES', `${chromium}/vk_swiftshader_icd.json`)
    vi.stubEnv('LD_LIBRARY_PATH', chromium)
    vi.stubEnv('XDG_RUNTIME_DIR', '/tmp')
    await expect(resolveDevice('webgpu')).rejects.toThrow('computes attention wrongly')
    expect(await resolveDevice('auto')).toBe('cpu')
  },
)

test.each([
  [
    'cuda',
    'Failed to load library /x/libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared object file: No such file or directory',
    /^The device cuda needs libcublasLt\.so\.12\. Run: sdnb install cuda; or name the folder of CUDA 12 and cuDNN 9/,
  ],
  [
    'cuda',
    'with error: libcuda.so.1: cannot open shared object file: No such file or directory',
    /^The device cuda needs libcuda\.so\.1, which comes with NVIDIA's driver/,
  ],
  ['cuda', 'CUDA failure 35: CUDA driver version is insufficient', /^The device cuda cannot run: CUDA failure 35/],
  [
    'cuda:1',
    'CUDA failure 101: invalid device ordinal ; GPU=32767',
    /^The device cuda:1 is not there: fewer graphics cards are found\. They count from 0, and where CUDA_VISIBLE_DEVICES/,
  ],
  ['dml:1', 'Exception(1) 887A0002 The object was not found.', /^The device dml:1 is not there: .* from 0\.$/],
] as const)('%s: what the loader said becomes what to do', (device, said, message) =>
  expect(explained(device, said)).toMatch(message),
)
