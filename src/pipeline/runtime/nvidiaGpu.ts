import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

export interface NvidiaGpu {
  /** Names and memory in bytes, as the driver tells; without a driver what the PCI bus knows. */
  gpus: { name: string; memory?: number }[]
  driver?: {
    /** as `580.65.06` */
    version: string
    /** the newest CUDA that it runs, as `13.0`; where nvidia-smi is there to tell */
    cuda?: string
  }
}

/** What NVIDIA's tool tells, else the driver's folder in /proc, else the PCI bus. */
export async function nvidiaGpu(): Promise<NvidiaGpu> {
  return (await fromTool()) ?? fromProc() ?? { gpus: fromPci() }
}

async function fromTool(): Promise<NvidiaGpu | undefined> {
  const fields = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits']
  const [rows, overview] = await Promise.all([said(...fields), said()])
  const gpus = parsedRows(rows ?? '')
  if (gpus.length === 0) return undefined
  const cuda = /CUDA(?: UMD)? Version\s*:\s*(\d+\.\d+)/.exec(overview ?? '')?.[1]
  return {
    gpus: gpus.map(({ name, memory }) => ({ name, memory })),
    driver: { version: gpus[0].driver, cuda },
  }
}

async function said(...args: string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)('nvidia-smi', args, { timeout: 20_000 })).stdout
  } catch {
    return undefined // it is not there, or there is no driver for it to ask
  }
}

/** `NVIDIA H100 80GB HBM3, 81559, 580.65.06`: memory in MiB, or `[N/A]` where the processor's is shared. */
function parsedRows(text: string): { name: string; memory?: number; driver: string }[] {
  return text
    .trim()
    .split('\n')
    .map(row => row.split(',').map(field => field.trim()))
    .filter(fields => fields.length === 3)
    .map(([name, mebibytes, driver]) => ({ name, memory: Number(mebibytes) * 2 ** 20 || undefined, driver }))
}

const proc = '/proc/driver/nvidia'

function fromProc(): NvidiaGpu | undefined {
  if (!existsSync(`${proc}/version`)) return undefined
  const version = /Kernel Module.*?\s(\d+\.\d+(?:\.\d+)?)\s/.exec(readFileSync(`${proc}/version`, 'utf8'))?.[1]
  const gpus = entries(`${proc}/gpus`).map(gpu => {
    const text = readFileSync(`${proc}/gpus/${gpu}/information`, 'utf8')
    return { name: /^Model:\s*(.+)$/m.exec(text)?.[1] ?? 'NVIDIA GPU' }
  })
  return { gpus, driver: version === undefined ? undefined : { version } }
}

/** Displays (class 0x03….) of NVIDIA (vendor 0x10de). */
function fromPci(): NvidiaGpu['gpus'] {
  const folder = '/sys/bus/pci/devices'
  return entries(folder)
    .filter(device => text(`${folder}/${device}/vendor`) === '0x10de')
    .filter(device => text(`${folder}/${device}/class`).startsWith('0x03'))
    .map(device => ({ name: `NVIDIA GPU at PCI ${device}` }))
}

const entries = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
const text = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '')
