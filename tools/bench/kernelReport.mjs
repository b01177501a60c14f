import { cpus } from 'node:os'

/** The figures of each kernel as lines for a reader; ratios are to the first. */
export function kernelReport(results) {
  const rows = [
    ['start to first answer, ms', ({ start }) => spread(start), ({ start }) => percentile(start, 50)],
    ['start to first cell, ms', ({ firstCell }) => spread(firstCell), ({ firstCell }) => percentile(firstCell, 50)],
    ['trivial cell, ms', ({ trivial }) => spread(trivial), ({ trivial }) => percentile(trivial, 50)],
    ['binding cells 5 to 14, ms', ({ binding }) => spread(binding.slice(5, 15)), tenth],
    ['binding cells 990 to 999, ms', ({ binding }) => spread(binding.slice(990, 1000)), thousandth],
    ['  last against first', result => `× ${(thousandth(result) / tenth(result)).toFixed(2)}`],
    ['20,000 lines, ms', ({ stream }) => stream.ms.toFixed(0), ({ stream }) => stream.ms],
    ['  in messages', ({ stream }) => `${stream.messages}${stream.complete ? '' : ', not complete before idle'}`],
    ['8 MiB picture, ms', ({ picture }) => spread(picture), ({ picture }) => percentile(picture, 50)],
    ['messages wrongly signed', ({ refused }) => `${refused}`],
    ['resident when idle, MB', ({ memory }) => memory.toFixed(0), ({ memory }) => memory],
  ]
  const table = rows.map(([title, show, value]) => [
    title,
    ...results.map(result => {
      const ratio = value && result !== results[0] ? `  × ${(value(result) / value(results[0])).toFixed(2)}` : ''
      return show(result) + ratio
    }),
  ])
  const head = ['', ...results.map(({ name, version }) => `${name} ${version}`)]
  const widths = head.map((_, i) => Math.max(...[head, ...table].map(row => row[i].length)))
  const lines = [head, ...table].map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('   ')
      .trimEnd(),
  )
  const machine = `${cpus().length} × ${cpus()[0].model}, Node ${process.version}`
  const own = results.find(({ stops }) => stops)
  const stops = Object.entries(own?.stops ?? {}).map(
    ([state, times]) => `  ${state.padEnd(30)} ${spread(times)}, at most ${Math.max(...times).toFixed(0)}`,
  )
  const language = own && [
    '',
    `first completion, ms   ${own.language.first.toFixed(0)}`,
    `completion at 50 cells, ms   ${spread(own.language.then)}`,
  ]
  return [
    `${machine}; median (5th to 95th percentile), × times sdnb's median`,
    ...lines,
    ...(own ? ['', 'from an interrupt to idle, ms', ...stops, ...language] : []),
  ].join('\n')
}

const tenth = ({ binding }) => percentile(binding.slice(5, 15), 50)
const thousandth = ({ binding }) => percentile(binding.slice(990, 1000), 50)

function spread(times) {
  const [median, low, high] = [50, 5, 95].map(p => percentile(times, p).toFixed(times[0] > 20 ? 0 : 2))
  return `${median} (${low} to ${high})`
}

function percentile(times, p) {
  const sorted = [...times].sort((a, b) => a - b)
  const at = ((sorted.length - 1) * p) / 100
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return below + (above - below) * (at - Math.floor(at))
}
