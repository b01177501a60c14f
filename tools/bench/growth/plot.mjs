import { parse, View } from 'vega'

const [ink, faint, paper] = ['#24292f', '#d0d7de', '#ffffff']
const colours = ['#0969da', '#bc4c00', '#8250df', '#1a7f37']
const [width, height] = [290, 220]
const font = 'system-ui, sans-serif'

/**
 * Panels side by side over the same measured places, as SVG on a white ground of its own, so that it reads on any page.
 * Both axes are logarithmic: what is linear runs along the dashed lines.
 * @param x      `title`, the `places` that were measured, ascending, and how a value is shown, a Vega expression of `datum.value`, as `label`
 * @param panels each with the `title` of its values and `series` of `{ name, points: [x, y][] }`
 */
export async function plot({ title, x, panels }) {
  const spec = {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: paper,
    padding: 16,
    title: { text: title, anchor: 'start', color: ink, font, fontSize: 14, offset: 14 },
    layout: { columns: panels.length, padding: 56, align: 'each' },
    marks: panels.map((panel, i) => group(panel, x, i)),
  }
  return new View(parse(spec), { renderer: 'none' }).toSVG()
}

function group({ title, series }, x, index) {
  const { places } = x
  const values = series.flatMap(({ points }) => points.map(([, value]) => value))
  const high = Math.max(...values) * 1.5
  const low = Math.min(Math.min(...values) / 1.5, high / 30) // what hardly grows shall look so
  const [data, guides] = [`panel${index}`, `linear${index}`]
  const at = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } }
  return {
    type: 'group',
    encode: { update: { width: { value: width }, height: { value: height } } },
    data: [
      { name: data, values: series.flatMap(({ name, points }) => points.map(([x, y]) => ({ name, x, y }))) },
      { name: guides, values: linearGuides(places, low, high) },
    ],
    scales: [
      { name: 'x', type: 'log', domain: [places[0], places.at(-1)], range: [10, width - 10] },
      { name: 'y', type: 'log', domain: [low, high], range: [height, 0], nice: false },
      { name: 'colour', type: 'ordinal', domain: series.map(({ name }) => name), range: colours },
    ],
    axes: [
      axis({ scale: 'x', orient: 'bottom', title: x.title, values: places, ...labels(x.label) }),
      axis({ scale: 'y', orient: 'left', title, values: ticks(low, high) }),
    ],
    legends:
      series.length > 1
        ? [
            {
              stroke: 'colour',
              orient: 'bottom',
              direction: 'vertical',
              symbolType: 'stroke',
              symbolStrokeWidth: 2,
              labelColor: ink,
              labelFont: font,
              labelLimit: width,
              padding: 6,
            },
          ]
        : [],
    marks: [
      {
        type: 'group',
        clip: true,
        encode: { update: { width: { value: width }, height: { value: height } } },
        marks: [
          perSeries(
            guides,
            'guide',
            line({ ...at, stroke: { value: '#8c959f' }, strokeDash: { value: [2, 4] }, strokeWidth: { value: 1 } }),
          ),
        ],
      },
      perSeries(data, 'name', line({ ...at, stroke: { scale: 'colour', field: 'name' }, strokeWidth: { value: 2 } })),
      {
        type: 'symbol',
        from: { data },
        encode: { update: { ...at, fill: { scale: 'colour', field: 'name' }, size: { value: 36 } } },
      },
    ],
  }
}

const line = update => from => ({ type: 'line', from: { data: from }, encode: { update } })

const perSeries = (data, groupby, mark) => ({
  type: 'group',
  from: { facet: { name: `${data} ${groupby}`, data, groupby } },
  marks: [mark(`${data} ${groupby}`)],
})

const axis = rest => ({
  ...{ domainColor: faint, tickColor: faint, format: '~r' },
  ...{
    labelColor: ink,
    labelFont: font,
    labelFontSize: 11,
    titleColor: ink,
    titleFont: font,
    titleFontWeight: 400,
    titleFontSize: 12,
    titlePadding: 8,
  },
  ...rest,
})

const labels = text => text && { encode: { labels: { update: { text: { signal: text } } } } }

/** Lines of y = factor · x, a factor of ten apart. */
function linearGuides(places, low, high) {
  const [first, last] = [places[0], places.at(-1)]
  const guides = []
  for (let factor = 10 ** Math.floor(Math.log10(low / last)); factor * first < high; factor *= 10)
    for (const x of [first, last]) guides.push({ guide: factor, x, y: factor * x })
  return guides
}

/** 1, 2 and 5 times the powers of ten, or these alone where there are many. */
function ticks(low, high) {
  const decades = Math.log10(high / low)
  const steps = decades > 3 ? [1] : decades > 1.3 ? [1, 3] : [1, 1.5, 2, 3, 4, 5, 6, 8]
  const found = []
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++)
    for (const step of steps) found.push(Number((step * 10 ** power).toPrecision(2)))
  return found.filter(value => value >= low && value <= high)
}
