import { readFile, realpath, stat } from 'node:fs/promises'
import { CorruptWeightsError, UnsupportedModelError } from '../errors.js'
import { elementCount } from '../tensor.js'
import { ForbiddenName, type PickleValue, type PickleWorld, pickledName, unpickle } from './pickle.js'
import type { WeightTensor } from './safetensors.js'
import { zipEntries } from './zipEntries.js'

/** What torch.save wrote, without running it: dicts as Maps, lists, strings, numbers and tensors. */
export type TorchValue = Exclude<PickleValue, object> | TorchValue[] | Map<TorchValue, TorchValue> | WeightTensor

/**
 * A small file of `torch.save`, of torch 1.6 on (a zip archive) or before it. Knows tensors, dicts and what stands between them; whatever else it
 * names is refused, and nothing in it is ever called. Tensors are told by reference, as in a .safetensors.
 * @throws UnsupportedModelError for a function or class that is no tensor's; a file too large for what it is read for
 * @throws CorruptWeightsError   for what torch.save did not write, or not to its end
 */
export async function readTorchFile(path: string): Promise<TorchValue> {
  const file = await realpath(path)
  const { size } = await stat(file)
  if (size > MOST_BYTES)
    throw new UnsupportedModelError(
      `${path}: ${size} bytes; a pickle is read up to ${MOST_BYTES}, for textual inversions: convert larger ones to .safetensors`,
    )
  const bytes = await readFile(file)
  try {
    return (bytes.toString('latin1', 0, 2) === 'PK' ? fromZip : fromStream)(bytes, file)
  } catch (cause) {
    if (cause instanceof ForbiddenName)
      throw new UnsupportedModelError(
        `${path} asks for ${cause.message}, which no tensor needs: it is not opened, since calling it could run any code`,
        { cause },
      )
    if (cause instanceof RangeError || cause instanceof TypeError)
      throw new CorruptWeightsError(`${path}: ${cause.message}; download or copy the file again`, { cause })
    throw cause
  }
}

const MOST_BYTES = 64 * 2 ** 20

/** `archive/data.pkl`, and a file a storage, `archive/data/KEY`. */
function fromZip(bytes: Buffer, file: string): TorchValue {
  const entries = zipEntries(bytes)
  const pickle = [...entries.keys()].find(name => /^[^/]+\/data\.pkl$/.test(name))
  if (pickle === undefined) throw new RangeError('the archive holds no data.pkl: torch.save did not write it')
  const folder = pickle.slice(0, -'data.pkl'.length)
  const order = entries.get(`${folder}byteorder`)
  if (order && bytes.toString('latin1', order.offset, order.offset + order.length) !== 'little')
    throw new RangeError('its numbers are big-endian')
  const { offset, length } = entries.get(pickle)!
  const world = tensors(file, ({ key, dtype, count }) => {
    const entry = entries.get(`${folder}data/${key}`)
    if (!entry || entry.length < count * sizes[dtype]) throw new RangeError(`the archive lacks data of storage ${key}`)
    return entry.offset
  })
  return unpickle(bytes.subarray(0, offset + length), offset, world).value as TorchValue
}

/** Three pickles ahead, the value, the keys of the storages, then each: a count, int64, and its numbers. */
function fromStream(bytes: Buffer, file: string): TorchValue {
  const found = new Map<string, { storage: Storage; start: number }>()
  let at = 0
  const next = (world: PickleWorld): PickleValue => {
    const { value, end } = unpickle(bytes, at, world)
    at = end
    return value
  }
  const none = tensors(file, () => 0)
  if (next(none) !== MAGIC) throw new RangeError('torch.save did not write it')
  next(none)
  next(none)
  const pending: Pending[] = []
  const value = next(
    tensors(
      file,
      storage => {
        const { key } = storage
        if (!found.has(key)) found.set(key, { storage, start: 0 })
        return () => found.get(key)!.start
      },
      pending,
    ),
  )
  const keys = next(none)
  if (!Array.isArray(keys)) throw new RangeError('it names no storages')
  for (const key of keys) {
    const entry = found.get(String(key))
    if (!entry) throw new RangeError(`storage ${String(key)} belongs to no tensor`)
    const { count, dtype } = entry.storage
    if (at + 8 + count * sizes[dtype] > bytes.length || bytes.readBigInt64LE(at) !== BigInt(count))
      throw new RangeError(`the numbers of storage ${entry.storage.key} are cut short`)
    entry.start = at + 8
    at = entry.start + count * sizes[dtype]
    found.delete(String(key))
    found.set(String(key), entry)
  }
  for (const { tensor, start } of pending) {
    if (start() === 0) throw new RangeError('the numbers of a tensor are missing')
    tensor.offset += start()
  }
  return value as TorchValue
}

/** torch/serialization.py, MAGIC_NUMBER */
const MAGIC = 0x1950a86a20f9469cfc6cn

interface Storage {
  key: string
  dtype: string
  /** of its numbers */
  count: number
}

interface Pending {
  tensor: WeightTensor
  start: () => number
}

/** Types that torch names `torch.FloatStorage` and so on, as safetensors calls them. */
const storages: Record<string, string> = {
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  DoubleStorage: 'F64',
  LongStorage: 'I64',
  IntStorage: 'I32',
}

const sizes: Record<string, number> = { F32: 4, F16: 2, BF16: 2, F64: 8, I64: 8, I32: 4 }

/**
 * What a pickle of tensors may name.
 * @param place of a storage's numbers in the file, where it is known at once, or how to ask for it later
 */
function tensors(
  file: string,
  place: (storage: Storage) => number | (() => number),
  pending: Pending[] = [],
): PickleWorld {
  function rebuilt([storage, first, size, stride]: PickleValue[]): WeightTensor {
    const { dtype, count } = (storage ?? {}) as Storage
    if (
      !(dtype in sizes) ||
      !isCounts(size) ||
      !isCounts(stride) ||
      !isCounts([first]) ||
      size.length !== stride.length
    )
      throw new RangeError('a tensor is not described as torch does')
    const elements = elementCount(size)
    let expected = 1
    for (let i = size.length - 1; i >= 0; i--) {
      if (size[i] > 1 && stride[i] !== expected)
        throw new RangeError('a tensor is a view with gaps, or transposed: save it anew, as `tensor.contiguous()`')
      expected *= size[i]
    }
    if ((first as number) + elements > count) throw new RangeError('a tensor is larger than its storage')
    const where = place(storage as Storage)
    const within = (first as number) * sizes[dtype]
    const start = typeof where === 'number' ? where : 0
    const tensor = { dtype, shape: size, file, offset: start + within, length: elements * sizes[dtype] }
    if (typeof where === 'function') pending.push({ tensor, start: where })
    return tensor
  }
  const dict = () => new Map<PickleValue, PickleValue>()
  return {
    calls: {
      'torch._utils _rebuild_tensor_v2': rebuilt,
      'torch._utils _rebuild_tensor': rebuilt,
      'torch._utils _rebuild_parameter': ([tensor]) => tensor,
      'torch Size': ([size]) => size,
      'collections OrderedDict': ([items]) =>
        new Map(Array.isArray(items) ? (items as [PickleValue, PickleValue][]) : []),
      'torch.nn.modules.container ParameterDict': dict,
      '__builtin__ set': () => [],
      'builtins set': () => [],
    },
    names: new Set(Object.keys(storages).map(name => `torch ${name}`)),
    persistent(id) {
      const [kind, type, key, , count] = Array.isArray(id) ? id : []
      if (kind === 'module') return type // a class with its source, of torch before 1.6
      const dtype = storages[pickledName(type)?.replace('torch ', '') ?? '']
      if (kind !== 'storage' || !dtype || typeof key !== 'string' || !isCounts([count]))
        throw new RangeError('a storage is not described as torch does')
      return { key, dtype, count: count as number } satisfies Storage
    },
  }
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && item >= 0)
}
