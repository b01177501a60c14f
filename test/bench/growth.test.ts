import { expect, test } from 'vitest'
import { plot } from '../../tools/bench/growth/plot.mjs'
import { powers } from '../../tools/bench/growth/powers.mjs'

test('the power of growth is 1 where a figure is linear, 2 where it goes with the square, 0 where it does not grow', () => {
  expect(powers([1, 2, 4, 8], [3, 6, 24, 24])).toEqual([undefined, 1, 2, 0])
  expect(powers([1, 2, 4], [undefined, 6, undefined])).toEqual([undefined, undefined, undefined])
})

test('a plot has a panel for each unit, with its measured places, axes and names', async () => {
  const svg = await plot({
    title: 'A call against size',
    x: { title: 'picture, pixels', places: [65536, 262144], label: "sqrt(datum.value) + '²'" },
    panels: [
      {
        title: 'seconds',
        series: [
          {
            name: 'a call',
            points: [
              [65536, 1],
              [262144, 5],
            ],
          },
          {
            name: 'attention',
            points: [
              [65536, 0.1],
              [262144, 1.6],
            ],
          },
        ],
      },
      {
        title: 'memory, GB',
        series: [
          {
            name: 'private',
            points: [
              [65536, 0.1],
              [262144, 0.4],
            ],
          },
        ],
      },
    ],
  })
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
  expect(texts).toEqual(
    expect.arrayContaining([
      'A call against size',
      'seconds',
      'memory, GB',
      'picture, pixels',
      '256²',
      '512²',
      'a call',
      'attention',
    ]),
  )
  expect(svg.match(/aria-roledescription="symbol mark container"/g)).toHaveLength(2)
  expect(svg).toContain('fill="#ffffff"')
})
