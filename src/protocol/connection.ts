import * as v from 'valibot'
import { problemOf } from './problem.js'

/** A Jupyter connection file: where a kernel listens, and the key that its messages are signed with. */
export type Connection = v.InferOutput<typeof connection>

/** A file that is no connection file. */
export class ConnectionFileError extends Error {
  override name = 'ConnectionFileError'
}

/** @throws ConnectionFileError that says what is wrong */
export function parseConnection(text: string): Connection {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new ConnectionFileError('expected a Jupyter connection file, which is JSON')
  }
  const parsed = v.safeParse(connection, json)
  if (!parsed.success) throw new ConnectionFileError(problemOf(parsed.issues))
  return parsed.output
}

const port = v.pipe(v.number(), v.integer('a whole number'), v.minValue(1), v.maxValue(65535))

const connection = v.object({
  transport: v.optional(v.picklist(['tcp', 'ipc']), 'tcp'),
  /** of `ipc`: a path that the ports are appended to */
  ip: v.pipe(
    v.string(),
    v.check(ip => ip !== '', 'a name or an address'),
  ),
  shell_port: port,
  control_port: port,
  stdin_port: port,
  iopub_port: port,
  hb_port: port,
  key: v.optional(v.string(), ''),
  signature_scheme: v.optional(v.string(), 'hmac-sha256'),
})
