import { loadEncoder } from '../image/png.js'
import { isShownByKernel, progressId, reportProgress } from '../progress.js'
import type { Device } from '../runtime/engine.js'
import type { Call, PipelineOutput } from './callOptions.js'
import type { Step } from './denoising.js'
import type { Previewer } from './previewer.js'

/**
 * Walks calls to their ends, each device taking the next one when it is free, and reports all of them as one.
 * @param previewer for a row of what each device is at
 * @returns one output a call, in the order of the calls
 * @throws the first failure, after which the other calls are aborted with it as their reason
 */
export async function drained<C extends Call>(
  calls: readonly C[],
  devices: readonly Device[],
  stepsOf: (call: C, device: Device) => AsyncGenerator<Step, PipelineOutput>,
  previewer: Previewer | undefined,
): Promise<PipelineOutput[]> {
  const began = performance.now()
  const progress = { id: progressId(), label: 'Denoising', unit: 'step' as const, device: devices.join(', ') }
  const outputs: PipelineOutput[] = []
  const latest = new Map<Device, Step>()
  const failed = new AbortController()
  const queue = calls.entries()
  let [step, total] = [0, 0]

  async function report(device: Device, value: Step): Promise<void> {
    latest.set(device, value)
    total = calls.length * value.total
    const elapsed = Math.round(performance.now() - began)
    const makePreviews = async (preview: Previewer) =>
      (await Promise.all([...latest].map(([on, { denoised }]) => preview(denoised(), on)))).flat()
    await reportProgress(
      { ...progress, step: ++step, total, done: false, elapsed },
      previewer ? () => makePreviews(previewer) : undefined,
    )
  }
  async function drain(steps: AsyncGenerator<Step, PipelineOutput>, device: Device): Promise<PipelineOutput> {
    for (;;) {
      const { done, value } = await steps.next()
      if (done) return value
      await report(device, value)
    }
  }
  async function work(device: Device): Promise<void> {
    for (const [i, call] of queue) {
      const signal = AbortSignal.any(call.signal ? [failed.signal, call.signal] : [failed.signal])
      outputs[i] = await drain(stepsOf({ ...call, signal }, device), device)
    }
  }

  try {
    const ended = Promise.all(devices.map(device => work(device).catch(reason => failed.abort(reason))))
    // while an engine starts, this thread has the time; where it fails, who encodes is told
    if (isShownByKernel()) loadEncoder().catch(() => {})
    await ended
    failed.signal.throwIfAborted()
    return outputs
  } finally {
    if (total) await reportProgress({ ...progress, step, total, done: true })
  }
}
