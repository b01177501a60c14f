/** What a pickle of tensors may hold. A dict is a Map, a list or tuple an array. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | object

/** What stands for the few functions and classes that a pickle may name, by `module name`; none of them is looked up anywhere. */
export interface PickleWorld {
  /** `module name` → what a call with these arguments gives */
  calls: Readonly<Record<string, (args: PickleValue[]) => PickleValue>>
  /** `module name` of what is only named, as the type of a storage is */
  names: ReadonlySet<string>
  /** what a persistent id stands for */
  persistent(id: PickleValue): PickleValue
}

/** A name of `module name` that a pickle may use, before it is called. */
class Name {
  constructor(readonly name: string) {}
}

/** Its name, where a value is one that the pickle has named and not called. */
export function pickledName(value: PickleValue): string | undefined {
  return value instanceof Name ? value.name : undefined
}

/** A pickle asks for a function or class that has no place in a file of tensors. */
export class ForbiddenName extends Error {}

/**
 * Reads one pickle and runs nothing: its own calls are looked up in `world` alone.
 * @returns the value, and where the pickle ends
 * @throws ForbiddenName for a function or class that `world` lacks; RangeError for what is no pickle, or one with parts that no tensors have
 * @see CPython Lib/pickletools.py
 */
export function unpickle(bytes: Buffer, start: number, world: PickleWorld): { value: PickleValue; end: number } {
  const stack: PickleValue[] = []
  const marks: number[] = []
  const memo = new Map<number, PickleValue>()
  let at = start

  const take = (length: number): Buffer => {
    if (!(length >= 0) || at + length > bytes.length) throw new RangeError('the pickle is cut short')
    at += length
    return bytes.subarray(at - length, at)
  }
  const u8 = () => take(1)[0]
  const u16 = () => take(2).readUInt16LE()
  const u32 = () => take(4).readUInt32LE()
  const line = () => {
    const end = bytes.indexOf(10, at)
    if (end === -1) throw new RangeError('the pickle is cut short')
    const text = take(end - at).toString('utf8')
    at++
    return text
  }
  const pop = (): PickleValue => {
    if (stack.length <= (marks.at(-1) ?? 0)) throw new RangeError('the pickle takes more than it has given')
    return stack.pop()!
  }
  const popMark = (): PickleValue[] => {
    const mark = marks.pop()
    if (mark === undefined) throw new RangeError('the pickle takes more than it has given')
    return stack.splice(mark)
  }
  const push = (value: PickleValue) => {
    if (stack.length >= MOST) throw new RangeError('the pickle is too large for tensors')
    stack.push(value)
  }
  const remember = (index: number) => {
    if (memo.size >= MOST) throw new RangeError('the pickle is too large for tensors')
    memo.set(index, stack.at(-1) ?? null)
  }
  const recall = (index: number) => {
    if (!memo.has(index)) throw new RangeError('the pickle recalls what it has not said')
    push(memo.get(index)!)
  }
  const name = (module: string, name: string) => {
    const full = `${module} ${name}`
    if (!Object.hasOwn(world.calls, full) && !world.names.has(full)) throw new ForbiddenName(`${module}.${name}`)
    push(new Name(full))
  }
  const call = () => {
    const [args, target] = [pop(), pop()]
    if (!(target instanceof Name) || !Array.isArray(args)) throw new RangeError('the pickle calls what is no function')
    const { [target.name]: callee } = world.calls
    if (!callee) throw new RangeError(`the pickle calls ${target.name}`)
    push(callee(args))
  }
  const dict = (value: PickleValue | undefined): Map<PickleValue, PickleValue> => {
    if (!(value instanceof Map)) throw new RangeError('the pickle adds to what is no dict')
    return value
  }
  const list = (value: PickleValue | undefined): PickleValue[] => {
    if (!Array.isArray(value)) throw new RangeError('the pickle adds to what is no list')
    return value
  }
  const setItems = (items: PickleValue[]) => {
    const target = dict(stack.at(-1))
    for (let i = 0; i + 1 < items.length; i += 2) target.set(items[i], items[i + 1])
  }
  const longOf = (data: Buffer) => {
    const hex = Buffer.from(data).reverse().toString('hex')
    const value = hex ? BigInt.asIntN(8 * data.length, BigInt(`0x${hex}`)) : 0n
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  const operations: Record<number, () => void> = {
    128: () => void u8(), // PROTO
    149: () => void take(8), // FRAME
    40: () => void marks.push(stack.length), // MARK
    78: () => push(null), // NONE
    136: () => push(true), // NEWTRUE
    137: () => push(false), // NEWFALSE
    74: () => push(take(4).readInt32LE()), // BININT
    75: () => push(u8()), // BININT1
    77: () => push(u16()), // BININT2
    138: () => push(longOf(take(u8()))), // LONG1
    71: () => push(take(8).readDoubleBE()), // BINFLOAT
    88: () => push(take(u32()).toString('utf8')), // BINUNICODE
    140: () => push(take(u8()).toString('utf8')), // SHORT_BINUNICODE
    84: () => push(take(u32()).toString('latin1')), // BINSTRING
    85: () => push(take(u8()).toString('latin1')), // SHORT_BINSTRING
    66: () => push(take(u32())), // BINBYTES
    67: () => push(take(u8())), // SHORT_BINBYTES
    125: () => push(new Map()), // EMPTY_DICT
    93: () => push([]), // EMPTY_LIST
    41: () => push([]), // EMPTY_TUPLE
    143: () => push([]), // EMPTY_SET
    144: () => list(stack[marks.at(-1)! - 1]).push(...popMark()), // ADDITEMS
    116: () => push(popMark()), // TUPLE
    133: () => push([pop()]), // TUPLE1
    134: () => push([pop(), pop()].reverse()), // TUPLE2
    135: () => push([pop(), pop(), pop()].reverse()), // TUPLE3
    97: () => {
      const item = pop() // APPEND
      list(stack.at(-1)).push(item)
    },
    101: () => {
      const items = popMark() // APPENDS
      list(stack.at(-1)).push(...items)
    },
    115: () => setItems([pop(), pop()].reverse()), // SETITEM
    117: () => setItems(popMark()), // SETITEMS
    113: () => remember(u8()), // BINPUT
    114: () => remember(u32()), // LONG_BINPUT
    148: () => remember(memo.size), // MEMOIZE
    104: () => recall(u8()), // BINGET
    106: () => recall(u32()), // LONG_BINGET
    99: () => name(line(), line()), // GLOBAL
    147: () => {
      const [last, module] = [pop(), pop()] // STACK_GLOBAL
      if (typeof last !== 'string' || typeof module !== 'string') throw new RangeError('the pickle names no function')
      name(module, last)
    },
    81: () => push(world.persistent(pop())), // BINPERSID
    82: call, // REDUCE
    129: call, // NEWOBJ
    98: () => {
      const state = pop() // BUILD
      const target = stack.at(-1)
      if (target instanceof Map && state instanceof Map) for (const [key, value] of state) target.set(key, value)
    },
  }

  for (;;) {
    const opcode = u8()
    if (opcode === 0x2e) return { value: pop(), end: at } // STOP
    const { [opcode]: operation } = operations
    if (!operation) throw new RangeError(`the pickle has an opcode, 0x${opcode.toString(16)}, that tensors do not need`)
    operation()
  }
}

/** A file of a few tensors has some hundred values. */
const MOST = 100_000
