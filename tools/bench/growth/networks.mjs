import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { watchMemory } from '../memory.mjs'

/**
 * A call of full size in a process of its own: seconds, those of its kinds of operators, and the most memory that it held, bytes.
 * @param network `unet` or `decoder`
 */
export async function networkCall(folder, network, batch, size) {
  const script = fileURLToPath(new URL('networkCall.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, folder, network, batch, size], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const memory = watchMemory(() => child.pid)
  let said = ''
  for await (const text of child.stdout.setEncoding('utf8')) said += text
  const held = memory.stop()
  if (said === '') throw new Error(`${network}, batch ${batch}, ${size}²: its process ended before it was done`)
  const { operators, ...call } = JSON.parse(said)
  return { batch, size, ...call, ...kinds(operators), ...held }
}

/** Of Winograd's tiles the products are MatMul, and ConvTranspose undoes what they are transformed by. */
const kindOf = {
  MultiHeadAttention: 'attention',
  Conv: 'convolutions',
  MatMul: 'convolutions',
  ConvTranspose: 'convolutions',
  FusedMatMul: 'products',
  InstanceNormalization: 'norms',
}

function kinds(operators) {
  const sums = { attention: 0, convolutions: 0, products: 0, norms: 0 }
  for (const { operator, seconds } of operators) if (kindOf[operator]) sums[kindOf[operator]] += seconds
  return sums
}
