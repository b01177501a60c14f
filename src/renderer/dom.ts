/** An element with a class, attributes and children; text is never read as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  made.className = className
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/**
 * A button that shows an icon.
 * @param key that does the same, told beside the name
 */
export function button(name: string, press: () => void, icon: Node, key?: string): HTMLButtonElement {
  const title = key ? `${name} (${key})` : name
  const made = element('button', 'sdnb-button', { type: 'button', title, 'aria-label': name }, icon)
  made.addEventListener('click', press)
  return made
}

/**
 * Handles keys by name. VS Code hears what bubbles out of an output and takes it as a command to the notebook, so a key that is
 * handled goes no further.
 */
export function onKeys(target: HTMLElement, keys: Record<string, (event: KeyboardEvent) => void>): void {
  target.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return
    event.preventDefault()
    event.stopPropagation()
    keys[event.key](event)
  })
}

/** Enter and Space press the button that has the focus, and are no command to the notebook. */
export function keepPresses(target: HTMLElement): void {
  target.addEventListener('keydown', event => {
    if (event.key === 'Enter' || event.key === ' ') event.stopPropagation()
  })
}
