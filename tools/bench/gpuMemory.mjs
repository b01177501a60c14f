import { execFileSync, spawn } from 'node:child_process'

const query = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '--id=0']

/** What the first card holds, by nvidia-smi, bytes. */
export const gpuMemory = () => Number(execFileSync('nvidia-smi', query, { encoding: 'utf8' })) * 2 ** 20

/** Watches it, every 50 ms. @returns `stop()` → the most, bytes */
export function watchGpuMemory() {
  let most = 0
  const tool = spawn('nvidia-smi', [...query, '--loop-ms=50'], { stdio: ['ignore', 'pipe', 'ignore'] })
  tool.stdout.setEncoding('utf8').on('data', text => {
    most = Math.max(most, ...text.split('\n').map(Number)) // a line cut in two is less than a whole one
  })
  return {
    stop() {
      tool.kill()
      return Math.max(gpuMemory(), most * 2 ** 20)
    },
  }
}
