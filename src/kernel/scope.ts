import type { DisplayHost, Progress, ProgressReporter } from '../index.js'
import { callingCell } from './cells/cell.js'
import { displayHost } from './cells/display.js'
import { progressHost } from './cells/progress.js'

export type { DisplayHost, Progress, ProgressReporter }

/** What a cell always gets from the kernel's own copy: the package itself, and what it brings for cells. */
export const ownPackages = ['sdnb', '@huggingface/transformers']

/** Lets the package find the kernel, whichever module or cell calls it. */
export function installHosts(showsPreviews: boolean): void {
  for (const [name, value] of [
    ['sdnb.display', displayHost],
    ['sdnb.progress', progressHost(showsPreviews)],
    ['sdnb.signal', () => callingCell()?.signal],
  ] as const)
    Object.defineProperty(globalThis, Symbol.for(name), { value, configurable: true })
}
