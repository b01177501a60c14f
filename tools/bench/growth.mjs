import { cellsRow } from './growth/cells.mjs'
import { networkCall } from './growth/networks.mjs'
import { picturesInOneSession } from './growth/pictures.mjs'
import { plot } from './growth/plot.mjs'
import { powers } from './growth/powers.mjs'
import { stepsRow } from './growth/steps.mjs'
import { tables } from './growth/tables.mjs'
import { isKept, limitsTable } from './limits.mjs'
import { table } from './markdown.mjs'

export const title = 'Growth'

const sizes = [256, 512, 768, 1024]
const batches = [1, 2, 4, 8]
const steps = [1, 5, 10, 25, 50, 100]
const cells = [10, 100, 1000]
const pictures = [20, 100, 200, 400]

/** Each row in processes of its own, so that its memory is its own. */
export async function measure({ folder }) {
  const result = { sizes: [], batches: [], decoder: [], steps: [], cells: [] }
  const say = what => process.stderr.write(`  ${what} …\n`)
  for (const size of sizes) {
    say(`U-Net, ${size}²`)
    result.sizes.push(await networkCall(folder, 'unet', 1, size))
  }
  for (const batch of batches) {
    say(`U-Net, batch ${batch}`)
    const isMeasured = batch === 1 && result.sizes.find(({ size }) => size === 512)
    result.batches.push(isMeasured || (await networkCall(folder, 'unet', batch, 512)))
  }
  for (const size of sizes) {
    say(`decoder, ${size}²`)
    result.decoder.push(await networkCall(folder, 'decoder', 1, size))
  }
  for (const count of steps) {
    say(`${count} steps`)
    result.steps.push(await stepsRow(count))
  }
  for (const count of cells) {
    say(`${count} cells`)
    result.cells.push(await cellsRow(count))
  }
  say(`${pictures.at(-1)} pictures`)
  result.pictures = await picturesInOneSession(pictures)
  return result
}

export function section(result) {
  return [
    'Times and memory against what makes them grow, each row but those of one session in a process of its own. In brackets the power of growth since the row above: ' +
      '1 is linear, 2 goes with the square, 0 does not grow; the dashed lines of the plots are linear.',
    ...tables.flatMap(growth => [
      `### ${growth.title}`,
      `![${growth.title}](${plotPath(growth)})`,
      growthTable(growth, result),
      growth.reason(result),
    ]),
    limitsText(limits(result)),
  ].join('\n\n')
}

/** What is linear stays so, from the middle row to the last: over two rows alone, noise would look like growth. */
export function limits(result) {
  return tables.flatMap(({ title, rows, x, columns }) => {
    const measured = rows(result)
    const ends = [measured[(measured.length - 1) >> 1], measured.at(-1)]
    return columns
      .filter(({ most }) => most !== undefined)
      .map(({ name, of, most }) => ({
        what: `${title.replace(/,? against .*/, '')}: ${name}, power of growth`,
        value: powers(ends.map(x.of), ends.map(of))[1],
        ...{ most, show: shownPower },
      }))
      .filter(({ value }) => value !== undefined)
  })
}

/** The plots, SVG. */
export async function files(result) {
  const drawn = tables.map(async growth => [plotPath(growth), await plot(plotOf(growth, result))])
  return Object.fromEntries(await Promise.all(drawn))
}

const plotPath = ({ name }) => `docs/benchmarks/growth-${name}.svg`
const shownPower = power => power.toFixed(2)

function growthTable({ rows, x, columns }, result) {
  const measured = rows(result)
  const grown = columns.map(({ of }) => powers(measured.map(x.of), measured.map(of)))
  return table(
    [x.title, ...columns.map(({ name }) => name)],
    measured.map((row, i) => [
      x.show(row),
      ...columns.map(({ of, show }, column) => {
        const power = grown[column][i]
        if (of(row) === undefined) return '–'
        return show(of(row)) + (power === undefined ? '' : ` (${shownPower(power)})`)
      }),
    ]),
  )
}

/** A panel for each unit that the columns have. */
function plotOf({ title, rows, x, columns }, result) {
  const units = [...new Set(columns.map(({ unit }) => unit))]
  const series = ({ name, of, scale = 1 }) => ({
    name: name.replaceAll('`', ''),
    points: rows(result)
      .filter(row => of(row) !== undefined)
      .map(row => [x.of(row), of(row) / scale]),
  })
  const panels = units
    .map(unit => ({ title: unit, series: columns.filter(column => column.unit === unit).map(series) }))
    .filter(({ series }) => series.some(({ points }) => points.length > 0))
  return { title, x: { ...x, places: rows(result).map(x.of) }, panels }
}

function limitsText(limits) {
  const missed = limits.filter(limit => !isKept(limit))
  if (missed.length === 0)
    return `None of ${limits.length} figures grows faster than it may (tools/bench/growth/tables.mjs).`
  return `Of ${limits.length} figures, these grow faster than they may (tools/bench/growth/tables.mjs):\n\n${limitsTable(missed)}`
}
