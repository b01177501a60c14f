import type { OutputItem, RendererApi, RendererContext } from './api.js'
import { createComparison } from './comparison.js'
import { element } from './dom.js'
import { createHost } from './host.js'
import { pictureView } from './picture.js'
import { progressView } from './progress.js'
import style from './style.css'
import type { View } from './view.js'

/** Shows pictures and progress. An output that changes keeps its elements: nothing flickers, nothing jumps. */
export function activate(context: RendererContext): RendererApi {
  document.head.append(element('style', '', {}, style))
  const host = createHost(context)
  const comparison = createComparison()
  const shown = new Map<string, { mime: string; root: HTMLElement; view: View }>()

  function start(item: OutputItem) {
    drop(item.id)
    const isPicture = item.mime === 'application/vnd.sdnb.image'
    const root = element('div', 'sdnb')
    const view = isPicture ? pictureView(root, item.id, host, comparison) : progressView(root, host)
    const output = { mime: item.mime, root, view }
    shown.set(item.id, output)
    return output
  }

  function drop(id: string) {
    const output = shown.get(id)
    output?.view.dispose()
    output?.root.remove()
    shown.delete(id)
  }

  return {
    async renderOutputItem(item, container, signal) {
      const before = shown.get(item.id)
      const { root, view } = before?.mime === item.mime ? before : start(item)
      if (root.parentElement !== container) container.replaceChildren(root)
      try {
        await view.show(item, signal)
      } catch (error) {
        drop(item.id)
        container.replaceChildren(element('div', 'sdnb sdnb-problem', { role: 'alert' }, message(error)))
      }
    },
    disposeOutputItem(id) {
      for (const each of id === undefined ? [...shown.keys()] : [id]) drop(each)
    },
  }
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error))
