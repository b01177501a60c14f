import { message } from '../protocol/messages.js'
import { connectKernel, type KernelConnection } from './kernelConnection.js'
import { hasEnded, type KernelHandle, killKernelProcess } from './kernelProcess.js'

/** How long a kernel may take to end by itself, ms. */
const shutdownMs = 2000

/** Asks a kernel to end, and ends it where it does not. Where nothing listens any more, its process may be another's: it is left. */
export async function endKernel(handle: KernelHandle, connection?: KernelConnection): Promise<void> {
  const asked = connection ?? (await connectKernel(handle, false, ignore, ignore).catch(() => undefined))
  if (!asked) return
  asked.send(message('shutdown_request', { restart: false }))
  if (!(await hasEnded(handle, shutdownMs))) killKernelProcess(handle)
  asked.close()
}

const ignore = () => {}
