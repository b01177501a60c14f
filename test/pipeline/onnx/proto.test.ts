import { expect, test } from 'vitest'
import { Message } from '../../../src/pipeline/onnx/proto.js'

/** A message in a message. */
function nested(field: number, write: (message: Message) => void): Message {
  const message = new Message()
  return message.message(field, () => write(message))
}

const hex = (message: Message) => Buffer.from(message.finish()).toString('hex')

// The first three are the examples of protobuf.dev/programming-guides/encoding.
test.each([
  ['a number of two bytes', new Message().int(1, 150), '089601'],
  ['text', new Message().string(2, 'testing'), '120774657374696e67'],
  ['a message in a message', nested(3, message => message.int(1, 150)), '1a03089601'],
  ['text of 200 bytes', new Message().string(1, 'x'.repeat(200)), `0ac801${'78'.repeat(200)}`],
  [
    'a long message after a short one',
    nested(1, message => message.int(1, 1).message(2, () => message.string(3, 'x'.repeat(130)))),
    `0a8a01080112${'8501'}1a8201${'78'.repeat(130)}`,
  ],
  ['a letter of more than one byte', new Message().string(1, 'é'), '0a02c3a9'],
  ['a negative number is ten bytes of two’s complement', new Message().int(1, -2), '08feffffffffffffffff01'],
  ['nought is a value', new Message().int(1, 0), '0800'],
  ['a field number above 15', new Message().int(20, 1), 'a00101'],
  ['a float is little endian', new Message().float(2, 1), '150000803f'],
  ['an offset beyond 32 bits', new Message().int(1, 2 ** 40), '08808080808020'],
])('%s', (_, message, bytes) => expect(hex(message)).toBe(bytes))
