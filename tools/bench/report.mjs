/** The bench's figures as lines for a reader. */
export function report({
  size,
  weightBytes,
  graph,
  creation,
  first,
  call,
  peak,
  longestGap,
  peer,
  attention,
  picture,
  quality,
}) {
  const lines = [
    `U-Net call, ${size}×${size}, batch 1, CPU, float32`,
    `  graph written            ${s(graph)}`,
    `  engine and session ready ${s(creation)}`,
    `  first call               ${s(first)}`,
    `  a call                   ${range(call)}`,
    `  peak resident            ${gb(peak)}; the weight file's own pages are ${gb(weightBytes)}`,
    `  longest event-loop gap   ${(1000 * longestGap).toFixed(0)} ms`,
  ]
  if (peer)
    lines.push(
      `diffusers ${peer.diffusers}, PyTorch ${peer.torch} eager, ${peer.threads} threads, in turns with it`,
      `  loaded                   ${s(peer.creation)}`,
      `  first call               ${s(peer.first)}`,
      `  a call                   ${range(peer.call)}`,
      `  peak resident            ${gb(peer.peak)}`,
      `  ratio of the medians     ${peer.ratio.toFixed(2)}`,
      `  largest difference       ${peer.difference.toExponential(1)} of the largest value`,
    )
  lines.push('Attention: peak resident of a first call, difference from fused')
  for (const { kind, peak, first, difference } of attention)
    lines.push(`  ${kind.padEnd(24)} ${gb(peak)}, ${s(first)}, ${difference.toExponential(1)}`)
  lines.push(`sdnb/tiny, a picture in ${picture.steps} steps`, `  first ${s(picture.first)}, then ${s(picture.next)}`)
  lines.push(`A picture in ${quality[0].steps} steps with guidance, and how near sdnb/tiny comes to exact`)
  for (const { quality: name, seconds, mean, worst, atLeast30, pictures } of quality) {
    const likeness =
      mean && `, ${mean.toFixed(1)} dB (worst ${worst.toFixed(1)}; ${atLeast30} of ${pictures} at least 30)`
    lines.push(`  ${name.padEnd(24)} ${s(seconds)}${likeness ?? ''}`)
  }
  return lines.join('\n')
}

const s = seconds => `${seconds.toFixed(2)} s`
const gb = bytes => `${(bytes / 1e9).toFixed(2)} GB`
const range = ({ median, min, max, times }) =>
  `${s(median)} (${min.toFixed(2)} to ${max.toFixed(2)}, ${times.length} calls)`
