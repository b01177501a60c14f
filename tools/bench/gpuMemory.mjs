import { execFileSync, spawn } from 'node:child_process'

const query = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '--id=0']

/**
 * Watches what the first card holds, by nvidia-smi, every 50 ms.
 * @returns `stop()` → the most, above what it held before, bytes
 */
export function watchGpuMemory() {
  const before = Number(execFileSync('nvidia-smi', query, { encoding: 'utf8' }))
  const tool = spawn('nvidia-smi', [...query, '--loop-ms=50'], { stdio: ['ignore', 'pipe', 'ignore'] })
  let most = before
  tool.stdout.setEncoding('utf8').on('data', text => {
    most = Math.max(most, ...text.split('\n').map(Number)) // a line cut in two is less than a whole one
  })
  return {
    stop() {
      tool.kill()
      return (most - before) * 2 ** 20
    },
  }
}
