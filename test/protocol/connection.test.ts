import { expect, test } from 'vitest'
import { parseConnection } from '../../src/protocol/connection.js'

const ports = { shell_port: 1, control_port: 2, stdin_port: 3, iopub_port: 4, hb_port: 5 }

test('a connection file has addresses and a key', () => {
  const file = {
    ip: '127.0.0.1',
    ...ports,
    transport: 'ipc',
    key: 'k',
    signature_scheme: 'hmac-sha512',
    kernel_name: 'sdnb',
  }
  const { kernel_name, ...known } = file
  expect(parseConnection(JSON.stringify(file))).toEqual(known)
  expect(parseConnection(JSON.stringify({ ip: '::1', ...ports }))).toEqual({
    ...{ ip: '::1', ...ports, transport: 'tcp', key: '', signature_scheme: 'hmac-sha256' },
  })
})

test.for<[string, string]>([
  ['{', 'expected a Jupyter connection file, which is JSON'],
  ['[]', 'ip: is missing'],
  [JSON.stringify({ ip: '', ...ports }), 'ip: expected a name or an address, got ""'],
  [JSON.stringify({ ip: 'a', ...ports, hb_port: 0 }), 'hb_port: expected >=1, got 0'],
  [JSON.stringify({ ip: 'a', ...ports, hb_port: '5' }), 'hb_port: expected number, got "5"'],
  [JSON.stringify({ ip: 'a', ...ports, transport: 'udp' }), 'transport: expected ("tcp" | "ipc"), got "udp"'],
])('%s is none', ([text, reason]) => {
  expect(() => parseConnection(text)).toThrow(reason)
})
