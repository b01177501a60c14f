import type { DisplayOutput, Metadata, MimeBundle, Output, ResultOutput } from './nbformat.js'

/** The part of a Jupyter message that is read here; any other message type is passed over. */
export interface OutputMessage {
  header: { msg_type: string }
  content: unknown
}

/** Adds a message to the outputs of its cell, in place. */
export type OutputGatherer = (outputs: Output[], message: OutputMessage) => void

/**
 * Kernel messages → the outputs of a notebook's cells. One gatherer serves one run of one notebook: a display's update
 * reaches that display in whichever cell it stands.
 * @see Jupyter messaging 5.4, "Messages on the IOPub channel"
 */
export function outputGatherer(): OutputGatherer {
  const displays = new Map<string, (DisplayOutput | ResultOutput)[]>()
  const clearedByNext = new WeakSet<Output[]>()

  return (outputs, { header, content }) => {
    if (header.msg_type === 'update_display_data') {
      const { data, metadata, transient } = content as DisplayContent
      for (const display of displays.get(transient?.display_id ?? '') ?? [])
        Object.assign(display, { data: storable(data), metadata: metadata ?? {} })
      return
    }
    if (header.msg_type === 'clear_output') {
      if ((content as { wait?: boolean }).wait) clearedByNext.add(outputs)
      else outputs.length = 0
      return
    }
    const output = outputOf(header.msg_type, content)
    if (!output) return
    if (clearedByNext.delete(outputs)) outputs.length = 0
    const last = outputs.at(-1)
    if (output.output_type === 'stream' && last?.output_type === 'stream' && last.name === output.name) {
      last.text = `${last.text}${output.text}`
      return
    }
    outputs.push(output)
    if (output.output_type !== 'display_data' && output.output_type !== 'execute_result') return
    const id = (content as DisplayContent).transient?.display_id
    if (id !== undefined) displays.set(id, [...(displays.get(id) ?? []), output])
  }
}

interface DisplayContent {
  data: MimeBundle
  metadata?: Metadata
  transient?: { display_id?: string }
}

function outputOf(type: string, content: unknown): Output | undefined {
  switch (type) {
    case 'stream': {
      const { name, text } = content as { name: 'stdout' | 'stderr'; text: string }
      return { output_type: 'stream', name, text }
    }
    case 'display_data': {
      const { data, metadata = {} } = content as DisplayContent
      return { output_type: 'display_data', data: storable(data), metadata }
    }
    case 'execute_result': {
      const { data, metadata = {}, execution_count } = content as DisplayContent & { execution_count: number }
      return { output_type: 'execute_result', execution_count, data: storable(data), metadata }
    }
    case 'error': {
      const { ename, evalue, traceback } = content as { ename: string; evalue: string; traceback: string[] }
      return { output_type: 'error', ename, evalue, traceback }
    }
  }
}

/** Bytes become base64, as nbformat keeps them. */
function storable(data: MimeBundle): MimeBundle {
  const entries = Object.entries(data).map(([type, value]) => [
    type,
    value instanceof Uint8Array
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
      : value,
  ])
  return Object.fromEntries(entries)
}
