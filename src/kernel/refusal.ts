import { type Channel, type Failure, type Header, type Message, message, type Reply } from '../protocol/messages.js'

/** Answers a request that cannot be understood, so that its client does not wait: busy, the reply, idle. Nothing for what is no request. */
export function refusal(parent: Header, reason: string, channel: Channel): Message[] {
  if (!parent.msg_type.endsWith('_request')) return []
  const type = parent.msg_type.replace(/request$/, 'reply') as Reply['header']['msg_type']
  const content = failure(type, { name: 'MalformedMessage', message: reason }, reason)
  return [
    message('status', { execution_state: 'busy' }, parent),
    { ...message(type, content as never, parent), channel } as Reply,
    message('status', { execution_state: 'idle' }, parent),
  ]
}

/** The content of a reply of this type to a request that could not be carried out. */
export function failure(
  type: string,
  { name, message }: { name: string; message: string },
  line = `${name}: ${message}`,
): Failure | { status: 'unknown' } {
  // Jupyter's is_complete_reply knows no error
  if (type === 'is_complete_reply') return { status: 'unknown' }
  return { status: 'error', ename: name, evalue: message, traceback: [line] }
}
