import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type KernelClient, startKernel } from '../../src/kernel/client.js'
import type { Message, MessageOf } from '../../src/protocol/messages.js'

/** A kernel for the tests of the file that imports this, in a folder of its own. */
export let folder: string
export let kernel: KernelClient
export const late: Message[] = []

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'sdnb-kernel-')))
  kernel = await startKernel({ cwd: folder })
  void (async () => {
    for await (const message of kernel.messages) late.push(message)
  })()
})

afterAll(async () => {
  await kernel.shutdown()
  await rm(folder, { recursive: true })
})

export const write = (name: string, text: string) => writeFile(join(folder, name), text)

export async function run(code: string, onKernel = kernel): Promise<Message[]> {
  const messages: Message[] = []
  for await (const message of onKernel.execute(code)) messages.push(message)
  return messages
}

export function only<Type extends Message['header']['msg_type']>(
  messages: Message[],
  type: Type,
): MessageOf<Type>['content'][] {
  return messages
    .filter(({ header }) => header.msg_type === type)
    .map(({ content }) => content as MessageOf<Type>['content'])
}

export const text = (messages: Message[], name: 'stdout' | 'stderr' = 'stdout') =>
  only(messages, 'stream')
    .map(stream => (stream.name === name ? stream.text : ''))
    .join('')
export const result = (messages: Message[]) => only(messages, 'execute_result')[0]?.data['text/plain']
export const error = (messages: Message[]) => only(messages, 'error')[0]
