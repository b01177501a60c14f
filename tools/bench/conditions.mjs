import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { root } from '../setup.mjs'

/** What the figures were measured on. */
export function machine() {
  const { length, 0: cpu } = cpus()
  const memory = `${Math.round(totalmem() / 1e9)} GB`
  const onnxruntime = JSON.parse(readFileSync(join(root, 'node_modules/onnxruntime-node/package.json'), 'utf8')).version
  return `${length} × ${cpu.model}${details()}, ${memory}, Node ${process.versions.node}, onnxruntime ${onnxruntime}${commit()}`
}

/** As it was called, but for where files lie. */
export function commandLine(args = process.argv.slice(2)) {
  const shown = args.map((arg, i) => {
    if (arg.startsWith('--python=') || args[i - 1] === '--python') return arg.replace(/[^=]+$/, 'PYTHON')
    return /[\\/]/.test(arg) ? 'FOLDER' : arg
  })
  return ['npm run bench', ...(shown.length > 0 ? ['--'] : []), ...shown].join(' ')
}

/** A model's name on a virtual machine tells little: its family, and what it computes with. */
function details() {
  if (process.platform !== 'linux') return ''
  const text = readFileSync('/proc/cpuinfo', 'utf8')
  const field = name => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1] ?? ''
  const sets = ['avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_bf16', 'asimd'].filter(set =>
    `${field('flags')} ${field('Features')}`.split(' ').includes(set),
  )
  return ` (${[`family ${field('cpu family')} model ${field('model')}`, ...sets].join(', ')})`
}

function commit() {
  try {
    const git = (...args) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const isChanged = git('status', '--porcelain', '--untracked-files=no', '--', 'src').trim() !== ''
    return `, commit ${git('rev-parse', '--short', 'HEAD').trim()}${isChanged ? ' with changes' : ''}`
  } catch {
    return ''
  }
}
