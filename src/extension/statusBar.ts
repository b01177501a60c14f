import { type Disposable, Disposable as Disposables, MarkdownString, StatusBarAlignment, window } from 'vscode'
import { sizeText } from '../protocol/sizeText.js'
import type { Kernel } from './kernel.js'
import type { Kernels } from './kernels.js'
import { activeNotebook } from './notebooks.js'

/** The kernel of the notebook in front: its state, the device that really runs, what is loaded, and its memory. */
export function registerStatusBar(kernels: Kernels): Disposable {
  const item = window.createStatusBarItem('sdnb.kernel', StatusBarAlignment.Right, 100)
  item.name = 'SD Notebook kernel'
  item.command = 'sdnb.showModelMemory'
  update()
  return Disposables.from(item, kernels.onDidChange(update), window.onDidChangeActiveNotebookEditor(update))

  function update() {
    const notebook = activeNotebook()
    if (!notebook) return item.hide()
    const kernel = kernels.of(notebook)
    item.text = `${icon(kernel)} ${statusText(kernel)}`
    item.tooltip = tooltip(kernel)
    item.show()
  }
}

/** As `idle · cpu · StableDiffusionPipeline · 1.23 GB`. */
export function statusText(kernel: Pick<Kernel, 'state' | 'session'> | undefined): string {
  const { pipelines = [], memory } = kernel?.session ?? {}
  const devices = [...new Set(pipelines.map(({ device }) => device))]
  const types = [...new Set(pipelines.map(({ type }) => type))]
  const bytes = memory ? memory.kernel + memory.engines : 0
  return [kernel?.state ?? 'no kernel', ...devices, ...types, ...(bytes ? [sizeText(bytes)] : [])].join(' · ')
}

const icon = (kernel: Kernel | undefined) =>
  ({
    starting: '$(loading~spin)',
    busy: '$(sync~spin)',
    idle: '$(circuit-board)',
    dead: '$(error)',
    none: '$(circle-slash)',
  })[kernel?.state ?? 'none']

function tooltip(kernel: Kernel | undefined): MarkdownString {
  const text = new MarkdownString(undefined, true)
  if (!kernel) return text.appendText('No kernel: it starts with the first cell that runs.')
  if (kernel.death !== undefined) return text.appendText(kernel.death)
  const { pipelines = [], memory } = kernel.session ?? {}
  text.appendMarkdown(`**Kernel** ${kernel.state}`)
  if (memory) text.appendMarkdown(`\n\nKernel ${sizeText(memory.kernel)}, models ${sizeText(memory.engines)}`)
  for (const { name, type, device, bytes } of pipelines) {
    text.appendMarkdown('\n\n')
    text.appendText(`${name}: ${type} on ${device}${bytes ? `, ${sizeText(bytes)}` : ''}`)
  }
  return text
}
