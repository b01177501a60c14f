import { visibleBox } from './visibleBox.js'

/** px that VS Code scrolls for one px of the wheel, with settings as they come */
const usualPace = 50 / 120
/** ms; the turn of a wheel is told to VS Code, which scrolls and lays out anew */
const patience = 120

/**
 * Scrolls the notebook until all of the element is in sight, `margin` px from the edges. VS Code's page of outputs has no scrollbar of its
 * own, but what the wheel does there scrolls the notebook.
 * @returns px that are still out of sight below: in a place that does not scroll
 */
export async function scrollIntoSight(element: HTMLElement, margin: number): Promise<number> {
  let pace = usualPace
  let missing = await missingOf(element, margin)
  for (let turn = 0; turn < 8 && missing !== 0 && element.isConnected; turn++) {
    window.dispatchEvent(wheelTurn(missing / pace))
    await new Promise(resolve => setTimeout(resolve, patience))
    const before = missing
    missing = await missingOf(element, margin)
    // the wheel's speed is a setting; a notebook that ends sooner scrolls less, which says nothing of it
    const overshot = (before - missing) / before
    if (overshot > 1) pace *= overshot
  }
  return Math.max(0, missing)
}

/** VS Code reads Chromium's own `wheelDeltaY`, which runs the other way, where it is there. */
const wheelTurn = (deltaY: number) => new WheelEvent('wheel', { deltaY, wheelDeltaY: -deltaY } as WheelEventInit)

/** px by which the notebook has to scroll down for the element to be in sight, or up where negative. */
async function missingOf(element: HTMLElement, margin: number): Promise<number> {
  const seen = await visibleBox()
  const { top, bottom } = element.getBoundingClientRect()
  const below = Math.round(bottom - (seen.bottom - margin))
  return below > 0 ? below : Math.min(0, Math.round(top - (seen.top + margin)))
}
