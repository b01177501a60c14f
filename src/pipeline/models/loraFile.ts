import { CorruptWeightsError, UnsupportedModelError } from '../errors.js'
import type { Delta, Product } from '../onnx/adapters.js'
import { elementCount } from '../tensor.js'
import { type LoraKey, type LoraRole, loraKey, unbuiltForms } from '../weights/loraKeys.js'
import { readSafetensors, readSafetensorsMetadata, type WeightTensor } from '../weights/safetensors.js'
import { tensorValues } from '../weights/tensorValues.js'
import type { Adapter } from './networkAdapters.js'

/** A layer that an adapter may change. */
export interface AdaptableLayer {
  part: 'unet' | 'text_encoder'
  /** as WeightPath has it */
  path: string
  /** of its weight, [out, in] or [out, in, k, k] */
  shape: readonly number[]
}

/**
 * A LoRA file → what it adds to each part; parts it does not change are left out.
 * @param layers by every name that a file may give them
 * @throws UnsupportedModelError naming the key of a form that is not built
 * @throws CorruptWeightsError   naming the key that does not fit the model: no such layer, or of another shape
 */
export async function readLora(
  path: string,
  layers: ReadonlyMap<string, AdaptableLayer>,
): Promise<Map<AdaptableLayer['part'], Adapter>> {
  const weights = await readSafetensors(path)
  const found = new Map<AdaptableLayer, { tensors: Partial<Record<LoraRole, WeightTensor>>; key: string }>()
  const ignored: string[] = []
  for (const [key, tensor] of weights) {
    if (!ours.test(key)) {
      ignored.push(key)
      continue
    }
    const { layer: name, role } = known(path, key)
    const layer = layers.get(name)
    if (!layer)
      throw new CorruptWeightsError(
        `${path}: "${key}" is for a layer that this model has not: the LoRA was made for another kind of model`,
      )
    const entry = found.get(layer) ?? { tensors: {}, key }
    if (entry.tensors[role])
      throw new CorruptWeightsError(`${path}: holds ${role} of "${name}" twice, once as "${key}"`)
    entry.tensors[role] = tensor
    found.set(layer, entry)
  }
  if (ignored.length > 0) console.warn(ignoredWarning(path, ignored, weights.size))

  const alphas = await alphasOf([...found.values()].flatMap(({ tensors }) => tensors.alpha ?? []))
  const told = toldScales(await readSafetensorsMetadata(path), path)
  const adapters = new Map<AdaptableLayer['part'], Map<string, { delta: Delta; factor: number }>>()
  for (const [layer, { tensors, key }] of found) {
    const { delta, rank } = deltaOf(path, key, layer, tensors)
    const alpha = tensors.alpha && alphas.get(tensors.alpha)
    const factor = alpha === undefined ? (told(layer, rank) ?? 1) : rank === undefined ? 1 : alpha / rank
    const adapter = adapters.get(layer.part) ?? new Map()
    adapters.set(layer.part, adapter.set(layer.path, { delta, factor }))
  }
  return adapters
}

/** As diffusers, which looks for keys of these names and leaves the others out. */
const ours = /^(unet\.|text_encoder\.|lora_unet_|lora_te1?_)/

function ignoredWarning(path: string, keys: readonly string[], total: number): string {
  const some = keys.slice(0, 3).join(', ') + (keys.length > 3 ? `, and ${keys.length - 3} more` : '')
  return (
    `${path}: keys without effect: ${some}; expected names that begin with unet., text_encoder., lora_unet_ or lora_te_` +
    (keys.length === total ? '. The file changes nothing.' : '')
  )
}

function known(path: string, key: string): LoraKey {
  const form = unbuiltForms.find(([pattern]) => pattern.test(key))
  const parsed = form ? undefined : loraKey(key)
  if (parsed) return parsed
  throw new UnsupportedModelError(
    `${path}: "${key}" is ${form ? form[1] : 'of no form that is known'}, which is not run here; ` +
      'known here: LoRA of linear and convolution layers, and LyCORIS LoCon, LoHa and LoKr',
  )
}

/** @returns with the rank that alpha is divided by; undefined where alpha has no meaning */
function deltaOf(
  path: string,
  key: string,
  { shape }: AdaptableLayer,
  tensors: Partial<Record<LoraRole, WeightTensor>>,
): { delta: Delta; rank: number | undefined } {
  const [out, into, ...kernel] = shape
  const columns = into * elementCount(kernel)
  const fail = (what: string): never => {
    throw new CorruptWeightsError(`${path}: "${key}" and its like: ${what}: the LoRA was made for another model`)
  }
  const needed = (role: LoraRole) => tensors[role] ?? fail(`expected ${role} of the same layer, found none`)
  const check = (name: string, tensor: WeightTensor, rows: number, columns: number) => {
    const [actual, across] = sidesOf(tensor)
    if (actual !== rows || across !== columns)
      fail(
        `expected ${name} of ${rows} × ${columns} for a weight [${shape.join(', ')}], got [${tensor.shape.join(', ')}]`,
      )
  }
  /** Between two of rank, in Tucker's forms. */
  const checkCore = (name: string, { shape: own }: WeightTensor, rank: number) => {
    if (kernel.length === 0) fail(`${name} is for a convolution, the layer has a weight [${shape.join(', ')}]`)
    const expected = [rank, rank, ...kernel].join(', ')
    if (own.join(', ') !== expected)
      fail(`expected ${name} of [${expected}] for a weight [${shape.join(', ')}], got [${own.join(', ')}]`)
  }

  if (tensors.down || tensors.up || tensors.mid) {
    const [down, up] = [needed('down'), needed('up')]
    const { mid } = tensors
    const rank = down.shape[0]
    check('down', down, rank, mid ? into : columns)
    check('up', up, out, rank)
    if (mid) checkCore('mid', mid, rank)
    // some files have matrices for the convolutions that they are
    const spread = { ...down, shape: [rank, into, ...(mid ? kernel.map(() => 1) : kernel)] }
    return {
      delta: { kind: 'lora', down: spread, up: { ...up, shape: [out, rank, ...kernel.map(() => 1)] }, mid },
      rank,
    }
  }
  if (Object.keys(tensors).some(role => role.startsWith('hada_'))) {
    const product = (i: 1 | 2): Product => {
      const [a, b, core] = [needed(`hada_w${i}_a`), needed(`hada_w${i}_b`), tensors[`hada_t${i}`]]
      const rank = b.shape[0]
      if (core) checkCore(`hada_t${i}`, core, rank)
      check(`hada_w${i}_a`, a, ...(core ? ([rank, out] as const) : ([out, rank] as const)))
      check(`hada_w${i}_b`, b, rank, core ? into : columns)
      return { a, b, core }
    }
    const [first, second] = [product(1), product(2)]
    return { delta: { kind: 'loha', first, second }, rank: first.b.shape[0] }
  }
  if (!Object.keys(tensors).some(role => role.startsWith('lokr_')))
    fail('expected matrices beside the alpha, found none')
  const factor = (i: 1 | 2, core?: WeightTensor): WeightTensor | Product => {
    const whole = tensors[`lokr_w${i}`]
    if (whole) return whole
    const [a, b] = [needed(`lokr_w${i}_a`), needed(`lokr_w${i}_b`)]
    const rank = b.shape[0]
    if (core) checkCore(`lokr_t${i}`, core, rank)
    check(`lokr_w${i}_a`, a, ...(core ? ([rank, a.shape[1]] as const) : ([a.shape[0], rank] as const)))
    return { a, b, core }
  }
  const [first, second] = [factor(1), factor(2, tensors.lokr_t2)]
  const [[rows1, columns1], [rows2, columns2]] = [factorSides(first), factorSides(second)]
  if (rows1 * rows2 !== out || columns1 * columns2 !== columns)
    fail(`expected factors of a weight [${shape.join(', ')}], got ${rows1} × ${columns1} and ${rows2} × ${columns2}`)
  const split = [second, first].find((one): one is Product => 'a' in one)
  return { delta: { kind: 'lokr', first, second }, rank: split?.b.shape[0] }
}

/** Of a tensor as a matrix: what follows the first dimension is one row. */
function sidesOf({ shape }: WeightTensor): [rows: number, columns: number] {
  return [shape[0], elementCount(shape) / shape[0]]
}

function factorSides(factor: WeightTensor | Product): [rows: number, columns: number] {
  if (!('a' in factor)) return sidesOf(factor)
  const { a, b, core } = factor
  if (core) return [a.shape[1], b.shape[1] * elementCount(core.shape.slice(2))]
  return [sidesOf(a)[0], sidesOf(b)[1]]
}

async function alphasOf(tensors: WeightTensor[]): Promise<Map<WeightTensor, number>> {
  const values = await tensorValues(tensors)
  return new Map(tensors.map((tensor, i) => [tensor, values[i][0]]))
}

/**
 * Where a file tells no alpha by a tensor: what peft's configuration in its header says (`lora_adapter_metadata`).
 * @see peft `LoraConfig`: alpha / r, or alpha / √r with `use_rslora`; patterns of layers with an alpha of their own
 */
function toldScales(
  metadata: Record<string, string>,
  path: string,
): (layer: AdaptableLayer, rank: number | undefined) => number | undefined {
  if (metadata.lora_adapter_metadata === undefined) return () => undefined
  let told: Record<string, unknown>
  try {
    told = JSON.parse(metadata.lora_adapter_metadata) as Record<string, unknown>
  } catch (cause) {
    throw new CorruptWeightsError(`${path}: lora_adapter_metadata of its header is not JSON`, { cause })
  }
  return ({ part, path }, rank) => {
    const of = (key: string) => told[`${part}.${key}`]
    const patterns = Object.entries((of('alpha_pattern') ?? {}) as Record<string, number>)
    const own = patterns.find(([pattern]) => `.${path}`.endsWith(`.${pattern.replace(/^\^/, '')}`))?.[1]
    const alpha = own ?? of('lora_alpha')
    if (typeof alpha !== 'number' || rank === undefined) return undefined
    return alpha / (of('use_rslora') === true ? Math.sqrt(rank) : rank)
  }
}
