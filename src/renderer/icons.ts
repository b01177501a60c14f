/** Lines on a grid of 16 by 16, drawn in the colour of the text. */
const paths = {
  copy: 'M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3',
  save: 'M8 2.5v8M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11',
  code: 'M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5',
  again: 'M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3',
  vary: 'M2.5 4.5h2.2L10 11.5h3.5M2.5 11.5h2.2l1.3-1.7M8.7 6.2 10 4.5h3.5M11.5 2.5l2 2-2 2M11.5 9.5l2 2-2 2',
  compare: 'M8 1.5v13M2.5 4h3v8h-3zM10.5 4h3v8h-3z',
  previous: 'M10 3 5 8l5 5',
  next: 'M6 3l5 5-5 5',
  zoomOut: 'M3 8h10',
  zoomIn: 'M3 8h10M8 3v10',
  fit: 'M6 2.5H2.5V6M10 2.5h3.5V6M6 13.5H2.5V10M10 13.5h3.5V10',
  actual: 'M4 5v6M12 5v6M2.5 6 4 5M10.5 6 12 5M8 6.5v.1M8 9.5v.1',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
} as const

export function icon(name: keyof typeof paths): SVGSVGElement {
  const svg = svgElement('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true', class: 'sdnb-icon' })
  svg.append(svgElement('path', { d: paths[name] }))
  return svg
}

function svgElement<K extends keyof SVGElementTagNameMap>(name: K, attributes: Record<string, string>) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  return made
}
