import { expect, test } from 'vitest'
import { Message } from '../../../src/pipeline/onnx/proto.js'

const hex = (message: Message) => Buffer.from(message.finish()).toString('hex')

// The first three are the examples of protobuf.dev/programming-guides/encoding.
test.each([
  ['a number of two bytes', new Message().int(1, 150), '089601'],
  ['text', new Message().string(2, 'testing'), '120774657374696e67'],
  ['a message in a message', new Message().message(3, new Message().int(1, 150)), '1a03089601'],
  ['a negative number is ten bytes of two’s complement', new Message().int(1, -2), '08feffffffffffffffff01'],
  ['nought is a value', new Message().int(1, 0), '0800'],
  ['a field number above 15', new Message().int(20, 1), 'a00101'],
  ['a float is little endian', new Message().float(2, 1), '150000803f'],
  ['an offset beyond 32 bits', new Message().int(1, 2 ** 40), '08808080808020'],
])('%s', (_, message, bytes) => expect(hex(message)).toBe(bytes))
