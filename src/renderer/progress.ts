import type { Preview, ProgressReport } from '../protocol/progress.js'
import { element, keepPresses } from './dom.js'
import type { Host } from './host.js'
import type { View } from './view.js'

/** A bar while a call runs, with what its pictures look like so far; one quiet line when it is done. */
export function progressView(root: HTMLElement, host: Host): View {
  const previews = element('div', 'sdnb-previews')
  const label = element('span', 'sdnb-label')
  const fill = element('span', 'sdnb-fill')
  const bar = element('span', 'sdnb-track', { role: 'progressbar', 'aria-valuemin': '0' }, fill)
  const count = element('span', 'sdnb-count')
  const rate = element('span', 'sdnb-rate')
  const left = element('span', 'sdnb-left')
  const stop = element('button', 'sdnb-stop', { type: 'button' }, 'Stop')
  const line = element('div', 'sdnb-progress', {}, label, bar, count, rate, left)
  const canStop = host.post !== undefined && host.isTrusted
  root.append(previews, line)
  keepPresses(root)
  stop.addEventListener('click', () => {
    stop.disabled = true
    stop.textContent = 'Stopping…'
    host.post?.({ type: 'stop' })
  })

  let progress: ProgressReport | undefined
  /** the first report there was, since when the rate is counted: the first step waits for sessions to be made */
  let first: ProgressReport | undefined
  let hasPreviews = false
  let wasLeft = false
  // a kernel that is gone, or a file saved meanwhile, leaves a call that nothing goes on with
  const unlisten = host.onKernel(isBusy => {
    if (isBusy) return
    wasLeft = true
    draw()
  })

  function draw() {
    if (!progress) return
    const { step, total, unit, device } = progress
    const isLive = !progress.done && !wasLeft
    const isWhole = step >= total
    root.classList.toggle('sdnb-ended', !isLive)
    // gone, not hidden: VS Code moves the focus into a cell's output at its first button
    if (!isLive || !canStop) stop.remove()
    else if (!stop.isConnected) line.append(stop)
    hasPreviews ||= progress.previews !== undefined
    root.classList.toggle('sdnb-previewed', isLive && hasPreviews)
    label.textContent = progress.label
    bar.ariaValueMax = String(total)
    bar.ariaValueNow = String(step)
    bar.ariaLabel = progress.label
    fill.style.width = `${total ? Math.min(100, (step / total) * 100) : 0}%`
    count.textContent = countOf(progress)
    if (isLive) {
      const speed = first && speedOf(first, progress)
      rate.textContent = speed ? rateOf(speed, unit) : ''
      left.textContent = speed ? `${duration((total - step) / speed)} left` : ''
      if (progress.previews) showPreviews(previews, progress.previews)
    } else {
      rate.textContent = [isWhole ? '' : 'stopped', device ?? ''].filter(Boolean).join('  ·  ')
      left.textContent = ''
      previews.replaceChildren()
    }
    bar.ariaValueText = [count.textContent, left.textContent].filter(Boolean).join(', ')
  }

  return {
    show(item) {
      progress = item.json() as ProgressReport
      if (typeof progress?.step !== 'number' || typeof progress.total !== 'number')
        throw new Error('This progress cannot be shown: expected a step and a total. Run the cell again.')
      first ??= progress
      wasLeft = false
      draw()
    },
    dispose: unlisten,
  }
}

/** Units a second, counted since the first report, or since the call began while there is no other. */
function speedOf(first: ProgressReport, now: ProgressReport): number | undefined {
  if (now.elapsed === undefined || first.elapsed === undefined) return undefined
  const [steps, ms] =
    now.step > first.step ? [now.step - first.step, now.elapsed - first.elapsed] : [now.step, now.elapsed]
  return steps > 0 && ms > 0 ? (steps * 1000) / ms : undefined
}

/** As tqdm: seconds a step where a step takes more than one. */
function rateOf(speed: number, unit: ProgressReport['unit']): string {
  if (unit === 'byte') return `${(speed / 1e6).toFixed(1)} MB/s`
  return speed >= 1 ? `${speed.toFixed(speed < 10 ? 1 : 0)} it/s` : `${(1 / speed).toFixed(1)} s/it`
}

function countOf({ step, total, unit }: ProgressReport): string {
  if (unit === 'step') return `${step} of ${total}`
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  return `${megabytes(step)} of ${megabytes(total)} MB`
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)]
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

/** Keeps the elements, so that one preview follows another without a gap. */
function showPreviews(row: HTMLElement, previews: readonly Preview[]): void {
  while (row.children.length > previews.length) row.lastElementChild!.remove()
  for (const [i, { width, height, png }] of previews.entries()) {
    const image = (row.children[i] as HTMLImageElement | undefined) ?? element('img', 'sdnb-preview')
    if (!image.isConnected) row.append(image)
    image.alt = `Preview of picture ${i + 1}`
    image.style.aspectRatio = `${width} / ${height}`
    const url = `data:image/png;base64,${png}`
    if (image.src !== url) image.src = url
  }
}
