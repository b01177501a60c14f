import { table } from './markdown.mjs'

/**
 * A figure and what it may be at most:
 * @typedef {{ what: string, value: number, most: number, show: (value: number) => string }} Limit
 */

/** @param {Limit} limit */
export const isKept = ({ value, most }) => value <= most

/** @param {Limit[]} limits */
export const limitsTable = limits =>
  table(
    ['aim', 'measured', 'at most', ''],
    limits.map(limit => [limit.what, limit.show(limit.value), limit.show(limit.most), verdict(limit)]),
  )

export const verdict = limit => (isKept(limit) ? 'kept' : '**missed**')
