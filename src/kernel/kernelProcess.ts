import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { captureProcess } from './capture.js'
import { createKernel } from './kernel.js'
import { installHooks, modulePosition } from './modules.js'
import { installHosts, ownPackages } from './scope.js'
import { killShells } from './shell.js'
import { installStacks } from './stack.js'
import { serveIpc } from './transports/ipc.js'

/** A kernel in a process of its own; its working directory is the notebook's folder. */
const self = pathToFileURL(createRequire(import.meta.url).resolve('#kernelProcess')).href

process.on('exit', killShells)
endWithParent()
installStacks([self], modulePosition)
installHooks(ownPackages)
installHosts()
const exit = process.exit
process.on('SIGTERM', () => exit(143))
captureProcess()
serveIpc(createKernel({ cwd: process.cwd() }), () => exit(0))

/** A cell that never yields keeps this thread from hearing that the parent has gone: another thread watches. */
function endWithParent() {
  const watch = `
    const parent = process.ppid
    setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 1000)`
  new Worker(watch, { eval: true }).unref()
}
