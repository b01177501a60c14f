import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DoctorReport, InstallReport } from '../../src/protocol/commandLine.js'
import {
  addLibraries,
  addProgram,
  addProvider,
  addWheel,
  type CudaProject,
  cudaProject,
  provider,
  toolkit,
} from './cudaProject.js'
import { canServe, type NugetServer, nugetServer } from './nugetServer.js'

const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0

const reports = (text: string): InstallReport[] =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

const cudnn = { name: 'nvidia-cudnn-cu12', version: '9.28.0.42', bytes: 716_538_495 }

describe.runIf(canServe)('install cuda', () => {
  let nuget: NugetServer
  beforeAll(async () => {
    nuget = await nugetServer()
  })
  afterAll(() => nuget.close())
  afterEach(() => Object.assign(nuget, { stalls: false, told: undefined }))

  function projectWith(libraries: string[]): CudaProject {
    const project = cudaProject(nuget.index)
    project.env.NODE_EXTRA_CA_CERTS = nuget.certificate
    project.env.LD_LIBRARY_PATH = addLibraries(project, ...libraries)
    return project
  }
  /** Nothing of an installation: no file that counts, and no folder that it worked in. */
  const left = ({ onnxruntime, bin, cuda }: CudaProject) => [
    ...readdirSync(onnxruntime).filter(name => name.startsWith('.sdnb-')),
    ...readdirSync(bin).filter(name => name.includes('providers')),
    ...(existsSync(cuda) ? readdirSync(cuda) : []),
  ]

  test('tells first what is to come, and what the disk has room for', async () => {
    const project = projectWith(toolkit)
    const { code, stdout, stderr } = await project.run('install', 'cuda', '--dry-run', '--json')
    expect([code, stderr]).toEqual([0, ''])
    const [plan] = reports(stdout)
    expect(plan).toMatchObject({
      type: 'plan',
      parts: [
        { name: "onnxruntime's CUDA provider", bytes: nuget.bytes, folder: project.bin },
        { ...cudnn, folder: project.cuda },
      ],
      bytes: nuget.bytes + cudnn.bytes,
      disks: [{ room: 4 * nuget.bytes + cudnn.bytes + 1_163_618_106, free: expect.any(Number) }],
    })
    expect(left(project)).toEqual([])
  })

  test.runIf(hasPip)('brings the provider by its script and the rest by pip, and doctor finds both', async () => {
    const project = projectWith(toolkit)
    const wheels = join(project.folder, 'wheels')
    Object.assign(project.env, { PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels, PIP_USER: '1' })
    addWheel(wheels, 'cudnn', cudnn.version, 'libcudnn.so.9')
    const { code, stdout, stderr } = await project.run('install', 'cuda', '--yes', '--json')
    expect([code, stderr]).toEqual([0, ''])
    const total = nuget.bytes + cudnn.bytes
    expect(reports(stdout).slice(-2)).toEqual([
      { type: 'progress', loaded: total, total },
      // It has no code in it: what the loader says of that is told.
      {
        type: 'done',
        works: false,
        reason: expect.stringMatching(/^The device cuda cannot run: .*providers_\w+\.so/s),
      },
    ])
    expect(left(project).sort()).toEqual([
      ...['cuda', 'shared', 'tensorrt'].map(name => `libonnxruntime_providers_${name}.so`),
      'nvidia',
      `nvidia_cudnn_cu12-${cudnn.version}.dist-info`,
    ])
    expect(readFileSync(join(project.bin, 'libonnxruntime_providers_cuda.so'))).toEqual(provider)

    const doctor = await project.run('doctor', '--json')
    const report: DoctorReport = JSON.parse(doctor.stdout)
    const needs = new Map(report.devices[0].needs?.map(({ name, ...need }) => [name, need]))
    expect(needs.get('libonnxruntime_providers_cuda.so')?.found).toBe(
      join(project.bin, 'libonnxruntime_providers_cuda.so'),
    )
    expect(needs.get('libcudnn.so.9')?.found).toBe(join(project.cuda, 'nvidia/cudnn/lib/libcudnn.so.9'))
    expect(needs.get('libcudart.so.12')?.found).toBe(join(project.folder, 'toolkit/libcudart.so.12'))
    expect([...needs].filter(([name, { mend }]) => name.startsWith('lib') && mend)).toEqual([])

    const again = await project.run('install', 'cuda', '--dry-run')
    expect(again.stdout).toMatch(/The CUDA provider and all its libraries are here\.\n$/)
  })

  test('a provider without the library that loads it is brought anew', async () => {
    const project = projectWith([...toolkit, 'libcudnn.so.9'])
    addProvider(project)
    rmSync(join(project.bin, 'libonnxruntime_providers_shared.so'))
    expect((await project.run('install', 'cuda', '--yes')).code).toBe(0)
    expect(existsSync(join(project.bin, 'libonnxruntime_providers_shared.so'))).toBe(true)
  })

  test('stopped in the middle of the provider, leaves nothing of it', async () => {
    const project = projectWith([...toolkit, 'libcudnn.so.9'])
    nuget.stalls = true
    const { stop, ended } = project.start('install', 'cuda', '--yes', '--json')
    await expect.poll(() => downloading(project.onnxruntime, '.nupkg')).toBe(true)
    stop('SIGINT')
    const { code, stderr } = await ended
    expect([code, stderr]).toEqual([130, 'sdnb: stopped by SIGINT: the same command goes on from here\n'])
    expect(left(project)).toEqual([])
  })

  test('stopped in the middle of a library, leaves nothing of it; what a killed one left goes too', async () => {
    const project = projectWith(toolkit)
    addProvider(project)
    addProgram(
      project,
      'python3',
      '#!/bin/sh\n[ "$3" = --version ] && exit\necho half > "$TMPDIR/half.whl"\nexec sleep 10\n',
    )
    const killed = project.start('install', 'cuda', '--yes')
    await expect.poll(() => downloading(project.cuda, '.whl')).toBe(true)
    killed.stop('SIGKILL')
    await killed.ended
    expect(readdirSync(project.cuda)).toHaveLength(1)

    const [before] = readdirSync(project.cuda)
    const { stop, ended } = project.start('install', 'cuda', '--yes')
    await expect.poll(() => existsSync(join(project.cuda, before))).toBe(false)
    await expect.poll(() => downloading(project.cuda, '.whl')).toBe(true)
    stop('SIGTERM')
    expect((await ended).code).toBe(143)
    expect(readdirSync(project.cuda)).toEqual([])
  })

  test('a disk without room is told before anything is downloaded', async () => {
    const project = projectWith([...toolkit, 'libcudnn.so.9'])
    nuget.told = 1e15
    const { code, stderr } = await project.run('install', 'cuda', '--yes')
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /sdnb: .*onnxruntime-node.* needs 4\.000e\+6 GB, its disk has [\d.]+ [GM]B left: make room\n$/,
    )
  })

  test('is not begun unasked', async () => {
    const { code, stderr } = await projectWith([...toolkit, 'libcudnn.so.9']).run('install', 'cuda')
    expect(code).toBe(2)
    expect(stderr).toMatch(/sdnb: CUDA is installed only with --yes where nobody can be asked\n$/)
  })

  test('without a network, tells what to do by hand', async () => {
    const project = cudaProject()
    const { code, stderr } = await project.run('install', 'cuda', '--yes')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^sdnb: https:\/\/localhost:1\/index\.json cannot be asked for Microsoft\.ML\.OnnxRuntime/)
    expect(stderr).toContain(`By hand: behind a proxy, name it in GLOBAL_AGENT_HTTPS_PROXY and run`)
    expect(stderr).toContain(`libonnxruntime_providers_*.so into ${project.bin}`)
  })

  test.runIf(hasPip)('what pip cannot bring is told, with the command to bring it by hand', async () => {
    const project = projectWith(toolkit)
    addProvider(project)
    Object.assign(project.env, { PIP_NO_INDEX: '1', PIP_FIND_LINKS: project.folder })
    const { code, stderr } = await project.run('install', 'cuda', '--yes')
    expect(code).toBe(1)
    expect(stderr).toContain('pip could not install nvidia-cudnn-cu12: No matching distribution found')
    expect(stderr).toContain(`--target ${project.cuda} nvidia-cudnn-cu12==${cudnn.version}`)
    expect(existsSync(project.cuda) ? readdirSync(project.cuda) : []).toEqual([])
  })

  test('without a Python that has pip, tells what to do by hand', async () => {
    const project = projectWith(toolkit)
    addProvider(project)
    for (const python of ['python3', 'python']) addProgram(project, python, '#!/bin/sh\nexit 1\n')
    const { code, stderr } = await project.run('install', 'cuda', '--dry-run')
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^sdnb: CUDA 12 and cuDNN 9 come by pip, and no Python with pip was found\. By hand: install pip/,
    )
  })

  test('a cuDNN of pip for another CUDA is not taken for the right one', async () => {
    const project = projectWith(toolkit)
    addProvider(project)
    const sitePackages = join(project.folder, 'venv/lib/python3.12/site-packages')
    for (const folder of ['nvidia/cudnn/lib', 'nvidia_cudnn_cu13-9.28.0.42.dist-info'])
      mkdirSync(join(sitePackages, folder), { recursive: true })
    writeFileSync(join(sitePackages, 'nvidia/cudnn/lib/libcudnn.so.9'), provider)
    project.env.VIRTUAL_ENV = join(project.folder, 'venv')
    const { stdout } = await project.run('install', 'cuda', '--dry-run', '--json')
    expect(reports(stdout)).toMatchObject([{ parts: [cudnn] }])
  })

  test('doctor for a person: what is found by its folder, what is missing with its mend', async () => {
    const project = projectWith(['libcudart.so.12', 'libcublas.so.12', 'libcuda.so.1'])
    addProvider(project)
    const row = 'NVIDIA H100 80GB HBM3, 81559, 510.47.03'
    addProgram(project, 'nvidia-smi', `#!/bin/sh\n[ "$1" ] && echo "${row}" || echo "| CUDA Version: 11.6 |"\n`)
    const { stdout } = await project.run('doctor')
    expect(stdout.split('\n').filter(line => line.startsWith('      '))).toEqual(
      expect.arrayContaining([
        '      ✔ NVIDIA GPU NVIDIA H100 80GB HBM3, 85.5 GB',
        '      ✘ NVIDIA driver 510.47.03, up to CUDA 11.6: CUDA 12 wants driver 525 or later (on WSL that of Windows)',
        '      ✔ libonnxruntime_providers_cuda.so, libonnxruntime_providers_shared.so in node_modules/onnxruntime-node/bin/napi-v6/linux/x64',
        '      ✔ libcublas.so.12, libcuda.so.1, libcudart.so.12 in toolkit',
        '      ✘ libcudnn.so.9, libcufft.so.11, libnvJitLink.so.12, libnvrtc.so.12: sdnb install cuda',
      ]),
    )
  })
})

/** A file is coming, in a folder that an installation works in. */
function downloading(folder: string, ending: string): boolean {
  if (!existsSync(folder)) return false
  const works = readdirSync(folder).filter(name => name.startsWith('.sdnb-'))
  return works.some(work => {
    try {
      return readdirSync(join(folder, work), { recursive: true, encoding: 'utf8' }).some(name => name.endsWith(ending))
    } catch {
      return false // it went away meanwhile
    }
  })
}
