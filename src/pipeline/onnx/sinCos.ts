import type { Value } from './graph.js'
import type { Layers } from './layers.js'

/**
 * Sine and cosine of angles of up to some thousands. Graphics devices promise them near 0 only (WGSL: −π…π), so whole
 * turns are taken off first, with 2π in two parts of which the first times a count of turns is exact.
 */
export function sinCos(g: Layers, angles: Value): [sin: Value, cos: Value] {
  const exact = g.options.provider === 'cpu' || g.options.provider === 'cuda'
  const within = exact ? angles : withoutTurns(g, angles)
  return [g.unary('Sin', within), g.unary('Cos', within)]
}

function withoutTurns(g: Layers, angles: Value): Value {
  const turns = g.unary('Floor', g.shift(g.scale(angles, 1 / (2 * Math.PI)), 0.5))
  const most = 6.28125
  const rest = 2 * Math.PI - most
  return g.add(g.add(angles, g.scale(turns, -most)), g.scale(turns, -rest))
}
