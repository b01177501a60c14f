/**
 * A Protocol Buffers message, written field by field: the part of the wire format that ONNX needs. One buffer holds the
 * whole message with all that are in it, since a network has ten thousand of them.
 * @see https://protobuf.dev/programming-guides/encoding
 */
export class Message {
  #buffer = Buffer.alloc(65536)
  #length = 0

  /** @param value a safe integer */
  int(field: number, value: number): this {
    this.#tag(field, WireType.varint)
    this.#varint(value)
    return this
  }

  float(field: number, value: number): this {
    this.#tag(field, WireType.fixed32)
    this.#reserve(4)
    this.#length = this.#buffer.writeFloatLE(value, this.#length)
    return this
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, WireType.lengthDelimited)
    this.#varint(value.length)
    this.#reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
    return this
  }

  string(field: number, value: string): this {
    return this.message(field, () => {
      this.#reserve(3 * value.length)
      this.#length += this.#buffer.write(value, this.#length, 'utf8')
    })
  }

  /** A message in this one: what `write` writes. */
  message(field: number, write: () => void): this {
    this.#tag(field, WireType.lengthDelimited)
    this.#reserve(1)
    const start = ++this.#length // a length of one byte, to be moved apart for a longer one
    write()
    const length = this.#length - start
    const more = varintBytes(length) - 1
    this.#reserve(more)
    if (more > 0) this.#buffer.copyWithin(start + more, start, this.#length)
    this.#length = start - 1
    this.#varint(length)
    this.#length += length
    return this
  }

  finish(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, 0, this.#length)
  }

  #tag(field: number, type: number): void {
    this.#varint((field << 3) | type)
  }

  /** Seven bits a byte, the lowest first; a negative number as its 64-bit two's complement. */
  #varint(value: number): void {
    this.#reserve(10)
    let low = value
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value))
      for (; rest > 0x7fn; rest >>= 7n) this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80
      low = Number(rest)
    }
    for (; low > 0x7f; low = Math.floor(low / 0x80)) this.#buffer[this.#length++] = (low % 0x80) | 0x80
    this.#buffer[this.#length++] = low
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const larger = Buffer.alloc(Math.max(2 * this.#buffer.length, this.#length + bytes))
    larger.set(this.#buffer)
    this.#buffer = larger
  }
}

const WireType = { varint: 0, lengthDelimited: 2, fixed32: 5 }

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}
