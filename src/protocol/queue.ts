/** Items in the order they were pushed, each awaited when it is a promise; `undefined` is skipped. */
export interface Queue<T> extends AsyncIterable<T> {
  push(item: T | Promise<T | undefined>): void
  /** Ends the iteration after what has been pushed. */
  end(error?: Error): void
}

export function queue<T>(): Queue<T> {
  const items: (T | Promise<T | undefined>)[] = []
  let ended = false
  let failure: Error | undefined
  let wake = () => {}

  return {
    push(item) {
      if (item instanceof Promise) item.catch(() => {})
      items.push(item)
      wake()
    },
    end(error) {
      ended = true
      failure = error
      wake()
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (items.length) {
          const item = await items.shift()
          if (item !== undefined) yield item
        }
        if (failure) throw failure
        if (ended) return
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    },
  }
}
