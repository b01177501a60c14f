/**
 * How a figure grows from a row to the next: p where it grows as x to the power p, 1 where it is linear.
 * @returns one a row, undefined for the first and where there is no figure
 */
export const powers = (xs, ys) =>
  ys.map((y, i) => (i > 0 && y && ys[i - 1] ? Math.log(y / ys[i - 1]) / Math.log(xs[i] / xs[i - 1]) : undefined))
