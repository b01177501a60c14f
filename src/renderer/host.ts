import type { FromRenderer, ToRenderer } from '../protocol/rendererMessages.js'
import type { RendererContext } from './api.js'

/** The extension, as the renderer sees it. */
export interface Host {
  /** nothing is there to hear it where a notebook is shown without its extension */
  post?: (message: FromRenderer) => void
  /** whether cells may be run */
  isTrusted: boolean
  /** Told at once where it is known whether the kernel is busy, and whenever that changes. */
  onKernel(listener: (isBusy: boolean) => void): () => void
}

export function createHost(context: RendererContext): Host {
  const listeners = new Set<(isBusy: boolean) => void>()
  context.onDidReceiveMessage?.((message: ToRenderer) => {
    if (message.type === 'kernel') for (const listener of listeners) listener(message.isBusy)
  })
  return {
    ...(context.postMessage && { post: context.postMessage.bind(context) }),
    isTrusted: context.workspace.isTrusted,
    onKernel(listener) {
      listeners.add(listener)
      context.postMessage?.({ type: 'kernel' } satisfies FromRenderer)
      return () => listeners.delete(listener)
    },
  }
}
