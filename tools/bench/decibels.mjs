/** Peak signal-to-noise ratio of two pictures' bytes. */
export function decibels(a, b) {
  const squares = a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)
  return 10 * Math.log10(255 ** 2 / (squares / a.length))
}
