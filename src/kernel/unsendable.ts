import { type ExecuteReply, type Message, message } from '../protocol/messages.js'
import { failure } from './refusal.js'

/** What is sent for a message that cannot be encoded: a failed reply for a reply, else a line on its cell's stderr. */
export function insteadOf(unsent: Message, error: Error): Message {
  const { header, parent_header, content } = unsent
  const name = header.msg_type
  const reason = `${name} could not be sent: ${error.message}${largestPart(content)}`
  if (!name.endsWith('_reply'))
    return message('stream', { name: 'stderr', text: `sdnb: ${reason}\n` }, parent_header as never)
  const { execution_count } = content as Partial<ExecuteReply['content']>
  const counted = execution_count === undefined ? {} : { execution_count }
  return {
    ...unsent,
    metadata: {},
    content: { ...failure(name, { name: error.name, message: reason }), ...counted },
  } as Message
}

/** From here on a part's size may be the cause, characters or bytes. */
const largeLength = 1_000_000

/** As ` (image/png: 400000000 bytes)`; of what is not large, nothing. */
function largestPart(content: object): string {
  const { data } = content as { data?: object }
  const parts = Object.entries({ ...content, ...data }).filter(
    (part): part is [string, string | Uint8Array] => typeof part[1] === 'string' || part[1] instanceof Uint8Array,
  )
  const [largest] = parts.sort(([, a], [, b]) => b.length - a.length)
  if (!largest || largest[1].length < largeLength) return ''
  const [name, { length }] = largest
  return ` (${name}: ${length} ${typeof largest[1] === 'string' ? 'characters' : 'bytes'})`
}
