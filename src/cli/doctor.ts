import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, release, totalmem } from 'node:os'
import { deviceReports } from '../pipeline/index.js'
import type { DoctorReport } from '../protocol/commandLine.js'
import { sizeText } from '../protocol/sizeText.js'
import { modelsReport, modelsText } from './modelsList.js'
import { needLines } from './needLines.js'

/** Libraries with a part that is of one platform only; notebooks run without those that Jupyter's clients or some cells want. */
const libraries = [
  { name: 'onnxruntime-node', needed: true },
  { name: 'sharp', needed: true },
  { name: 'zeromq', needed: false },
  { name: '@huggingface/transformers', needed: false },
]

/**
 * `sdnb doctor`: what works here, and why the rest does not. Each device computes something, each library is loaded.
 * @returns the exit code: 0, or 1 where notebooks cannot run
 */
export async function doctor({ json }: { json?: boolean }): Promise<number> {
  const report = await diagnosis()
  process.stdout.write(`${json ? JSON.stringify(report) : reportText(report)}\n`)
  return report.ok ? 0 : 1
}

async function diagnosis(): Promise<DoctorReport> {
  const devices = await deviceReports()
  const loaded: (LibraryReport & { needed: boolean })[] = []
  for (const { name, needed } of libraries) loaded.push({ ...(await tried(name)), needed })
  return {
    ok: !loaded.some(({ needed, problem }) => needed && problem) && devices.some(({ works }) => works),
    version: JSON.parse(readFileSync(require.resolve('sdnb/package.json'), 'utf8')).version,
    node: { version: process.versions.node, path: process.execPath },
    system: {
      platform: `${process.platform}-${process.arch}`,
      release: release(),
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memory: totalmem(),
    },
    devices,
    libraries: loaded.map(({ needed: _, ...library }) => library),
    models: await modelsReport(),
  }
}

const require = createRequire(import.meta.url)

type LibraryReport = DoctorReport['libraries'][number]

async function tried(name: string): Promise<LibraryReport> {
  const version = versionOf(name)
  if (!version) return { name, problem: 'is not installed' }
  // That one is loaded by the devices' processes: a fault in it would end this one.
  const problem = name === 'onnxruntime-node' ? undefined : await import(name).then(() => undefined, firstLine)
  return { name, version, problem }
}

const firstLine = (error: Error) => error.message.split('\n')[0]

/** Not every package exports its package.json. */
function versionOf(name: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? [])
    try {
      return JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')).version
    } catch {
      // it lies in another folder
    }
  return undefined
}

function reportText({ version, node, system, devices, libraries, models }: DoctorReport): string {
  const { platform, release, cpu, cores, memory } = system
  return [
    `sdnb ${version}, Node ${node.version} (${node.path})`,
    `${platform} ${release}, ${cores} × ${cpu}, ${sizeText(memory)} memory`,
    '\nDevices',
    ...devices.flatMap(({ device, works, chosen, reason, needs = [] }) => [
      [`  ${works ? '✔' : '✘'} ${device.padEnd(6)}`, chosen ? ' taken by auto' : '', reason ? ` ${reason}` : ''].join(
        '',
      ),
      ...needLines(needs).map(line => `      ${line}`),
    ]),
    '\nLibraries',
    ...libraries.map(
      ({ name, version, problem }) => `  ${problem ? '✘' : '✔'} ${[name, version, problem].filter(Boolean).join(' ')}`,
    ),
    `\nModels (${models.cacheDir}, ${sizeText(models.free)} free)`,
    modelsText(models.models).replace(/^/gm, '  '),
  ].join('\n')
}
