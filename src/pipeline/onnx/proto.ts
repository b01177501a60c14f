/**
 * One Protocol Buffers message, written field by field: the part of the wire format that ONNX needs.
 * @see https://protobuf.dev/programming-guides/encoding
 */
export class Message {
  #chunks: Uint8Array[] = []
  #size = 0

  int(field: number, value: number | bigint): this {
    return this.#tag(field, WireType.varint).#raw(varint(BigInt(value)))
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.#tag(field, WireType.fixed32).#raw(bytes)
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#tag(field, WireType.lengthDelimited)
      .#raw(varint(BigInt(value.length)))
      .#raw(value)
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'))
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish())
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#chunks, this.#size)
  }

  #tag(field: number, type: number): this {
    return this.#raw(varint(BigInt((field << 3) | type)))
  }

  #raw(bytes: Uint8Array): this {
    this.#chunks.push(bytes)
    this.#size += bytes.length
    return this
  }
}

const WireType = { varint: 0, lengthDelimited: 2, fixed32: 5 }

/** Seven bits a byte, the lowest first; negative numbers as 64-bit two's complement. */
function varint(value: bigint): Uint8Array {
  let rest = BigInt.asUintN(64, value)
  const bytes: number[] = []
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return Uint8Array.from(bytes)
}
