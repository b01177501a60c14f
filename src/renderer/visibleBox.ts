/**
 * What can be seen of the page, in its own px. VS Code's page of outputs is as high as the whole notebook and is moved behind the
 * editor, so neither the window's size nor its scroll position tells; an intersection with the outermost window does.
 */
export function visibleBox(): Promise<{ top: number; bottom: number }> {
  const page = document.createElement('div')
  page.style.cssText = 'position: fixed; inset: 0; visibility: hidden; pointer-events: none'
  document.body.append(page)
  return new Promise(resolve => {
    const observer = new IntersectionObserver(([{ intersectionRect, boundingClientRect }]) => {
      observer.disconnect()
      page.remove()
      const { top, bottom } = intersectionRect.height ? intersectionRect : boundingClientRect
      resolve({ top, bottom })
    })
    observer.observe(page)
  })
}
