import { describe, expect, test } from 'vitest'
import { startKernel } from '../../src/kernel/client.js'
import type { Message, MessageOf } from '../../src/protocol/messages.js'
import { message } from '../../src/protocol/messages.js'
import type { SessionState } from '../../src/protocol/session.js'
import { error, folder, kernel, late, only, result, run, text, write } from './kernelProcess.js'

type Asked = 'kernel_info' | 'inspect' | 'complete' | 'is_complete' | 'history' | 'comm_info'

/** The reply's content. A `|` in the code is the cursor, in code points. */
async function ask<Name extends Asked>(
  name: Name,
  content: MessageOf<`${Name}_request`>['content'],
): Promise<Extract<MessageOf<`${Name}_reply`>['content'], { status: string }>> {
  const request = message(`${name}_request`, content) as unknown as Parameters<typeof kernel.request>[0]
  const messages = await all(kernel.request(request))
  expect(messages.map(({ header }) => header.msg_type)).toEqual(['status', `${name}_reply`, 'status'])
  return messages[1].content as never
}

const at = (marked: string) => ({ code: marked.replace('|', ''), cursor_pos: [...marked].indexOf('|') })
const complete = (marked: string) => ask('complete', at(marked))
const inspected = async (marked: string) => {
  const { data } = (await ask('inspect', { ...at(marked), detail_level: 0 })) as { data: Record<string, string> }
  return data['text/plain']
}

async function all(messages: AsyncIterable<Message>): Promise<Message[]> {
  const list: Message[] = []
  for await (const message of messages) list.push(message)
  return list
}

/** Runs a cell with options of its request, answering its questions; `cellId` as JupyterLab tells it. */
async function execute(
  code: string,
  options: Partial<MessageOf<'execute_request'>['content']> = {},
  answers: string[] = [],
  cellId?: string,
) {
  const content = {
    code,
    silent: false,
    store_history: true,
    user_expressions: {},
    allow_stdin: true,
    stop_on_error: true,
    ...options,
  }
  const request = { ...message('execute_request', content), metadata: cellId ? { cellId } : {} }
  const messages: Message[] = []
  for await (const received of kernel.request(request)) {
    messages.push(received)
    if (received.header.msg_type === 'input_request')
      kernel.send(message('input_reply', { value: answers.shift()! }, received.header))
  }
  return messages
}

test('kernel_info tells the language, and no features that are not there', async () => {
  expect(await ask('kernel_info', {})).toMatchObject({
    status: 'ok',
    protocol_version: '5.5',
    implementation: 'sdnb',
    language_info: { name: 'typescript', file_extension: '.ts' },
    supported_features: [],
  })
})

describe('completion', () => {
  test('knows the cells that have run, and counts in code points', async () => {
    await run('const painting = { width: 3, height: 4 }')
    expect(await complete("'🎨🎨'; painting.wi|")).toMatchObject({
      matches: ['width'],
      cursor_start: 15,
      cursor_end: 17,
      metadata: { _jupyter_types_experimental: [{ text: 'width', type: 'property', start: 15, end: 17 }] },
    })
  })
  test('is answered while a cell holds the kernel', async () => {
    const busy = run('for (const end = Date.now() + 1500; Date.now() < end; );')
    const { matches } = (await complete('painting.he|')) as { matches: string[] }
    expect(matches).toEqual(['height'])
    expect(late.length).toBeGreaterThanOrEqual(0)
    await busy
  })
})

describe('inspect', () => {
  test('shows type and documentation', async () => {
    await run('/** Twice as much. */\nfunction twice(n: number) { return 2 * n }')
    expect(await inspected('twi|ce(1)')).toBe('function twice(n: number): number\n\nTwice as much.')
  })
  test('right behind a name, and inside the brackets of a call', async () => {
    expect(await inspected('twice|')).toContain('function twice(n: number): number')
    expect(await inspected('twice( |')).toContain('twice(n: number): number')
  })
  test('of nothing finds nothing', async () => {
    expect(await ask('inspect', { code: '  ', cursor_pos: 1, detail_level: 0 })).toMatchObject({
      found: false,
      data: {},
    })
  })
})

test('is_complete asks the parser', async () => {
  expect(await ask('is_complete', { code: '1 + 1' })).toEqual({ status: 'complete' })
  expect(await ask('is_complete', { code: 'if (true) {' })).toEqual({ status: 'incomplete', indent: '  ' })
  expect(await ask('is_complete', { code: 'let 1' })).toEqual({ status: 'invalid' })
})

test('history: tail, range and search, with and without results', async () => {
  await run('"one"')
  await run('"two"')
  await execute('"not stored"', { store_history: false })
  await execute('"silent"', { silent: true })
  const tail = await ask('history', { hist_access_type: 'tail', n: 2, output: true })
  const [[, line]] = (tail as { history: [number, number, unknown][] }).history
  expect(tail).toEqual({
    status: 'ok',
    history: [
      [1, line, ['"one"', `'one'`]],
      [1, line + 1, ['"two"', `'two'`]],
    ],
  })
  expect(await ask('history', { hist_access_type: 'range', session: 0, start: line, stop: line + 1 })).toEqual({
    status: 'ok',
    history: [[0, line, '"one"']],
  })
  await run('"one"')
  const search = { hist_access_type: 'search', pattern: '"o*e"', n: 10 } as const
  expect(((await ask('history', search)) as { history: unknown[] }).history).toHaveLength(2)
  expect(await ask('history', { ...search, unique: true })).toEqual({ status: 'ok', history: [[1, line + 2, '"one"']] })
})

describe('an execute request', () => {
  test('that is silent shows its output, but no value, and does not count', async () => {
    const [{ execution_count: before }] = only(await run('1'), 'execute_reply')
    const messages = await execute('console.log("heard"); 5', { silent: true })
    expect(messages.map(({ header }) => header.msg_type)).toEqual(['status', 'stream', 'execute_reply', 'status'])
    expect(only(messages, 'execute_reply')[0].execution_count).toBe(before)
  })
  test('evaluates expressions when the cell has run, each for itself', async () => {
    const [reply] = only(
      await execute('const seven = 7', { user_expressions: { twice: 'seven * 2', wrong: 'nowhere' } }),
      'execute_reply',
    )
    expect(reply).toMatchObject({
      status: 'ok',
      user_expressions: {
        twice: { status: 'ok', data: { 'text/plain': '14' } },
        wrong: { status: 'error', ename: 'ReferenceError', evalue: 'nowhere is not defined' },
      },
    })
  })
  test('that may fail lets those behind it run', async () => {
    const [, behind] = await Promise.all([execute('throw 1', { stop_on_error: false }), run('"ran"')])
    expect(result(behind)).toBe(`'ran'`)
  })
})

describe('prompt() and confirm()', () => {
  test('ask the user, and hold the cell until the answer', async () => {
    const messages = await execute(
      'console.log("before"); [prompt("Who?"), prompt("How?", "well"), confirm("Sure?"), confirm("Really?")]',
      {},
      ['Ada', '', 'y', ''],
    )
    expect(result(messages)).toBe(`[ 'Ada', 'well', true, false ]`)
    const asked = messages.filter(({ header }) => header.msg_type === 'input_request')
    expect(asked.map(({ channel, content }) => [channel, content])).toEqual([
      ['stdin', { prompt: 'Who? ', password: false }],
      ['stdin', { prompt: 'How? [well] ', password: false }],
      ['stdin', { prompt: 'Sure? [y/N] ', password: false }],
      ['stdin', { prompt: 'Really? [y/N] ', password: false }],
    ])
    expect(messages.findIndex(m => text([m]) === 'before\n')).toBeLessThan(messages.indexOf(asked[0]))
  })
  test('are an error where nobody can answer', async () => {
    expect(error(await execute('prompt("Who?")', { allow_stdin: false })).evalue).toBe(
      'prompt() and confirm() ask the user, and nobody can answer here: this client takes no input',
    )
  })
})

describe('comms', () => {
  const comm = async (type: 'comm_open' | 'comm_msg', content: object) => {
    const asked = message(type, content as never) as unknown as Parameters<typeof kernel.request>[0]
    return (await all(kernel.request(asked))).filter(({ header }) => header.msg_type.startsWith('comm_'))
  }
  test('of a target that is not there are closed', async () => {
    const [closed] = await comm('comm_open', { comm_id: 'x', target_name: 'nowhere', data: {} })
    expect([closed.header.msg_type, closed.content]).toEqual(['comm_close', { comm_id: 'x', data: {} }])
  })

  test('of the session tell stale cells, variables and pipelines', async () => {
    await execute('let dial = 1', {}, [], 'a')
    await execute('const shown = () => dial; dial + 1', {}, [], 'b')
    const reply = (messages: Message[]) => messages.find(({ header }) => header.msg_type === 'execute_reply')!
    const [first] = await comm('comm_open', { comm_id: 's', target_name: 'sdnb.session', data: { diagnostics: true } })
    expect(first.content).toMatchObject({ comm_id: 's', data: { stale: [] } })
    expect(await ask('comm_info', {})).toEqual({ status: 'ok', comms: { s: { target_name: 'sdnb.session' } } })

    const again = await execute('let dial = 2', {}, [], 'a')
    expect(reply(again).metadata).toMatchObject({ sdnb: { stale: [{ cell: 'b', names: ['dial'] }] } })
    await expect
      .poll(() => late.filter(({ header }) => header.msg_type === 'comm_msg').at(-1)?.content)
      .toMatchObject({
        comm_id: 's',
        data: { stale: [{ cell: 'b', names: ['dial'] }] },
      })
    expect(reply(await execute('const shown = () => dial; dial + 1', {}, [], 'b')).metadata).toEqual({
      sdnb: { stale: [] },
    })
    expect(reply(await execute('let dial = 2', {}, [], 'a')).metadata).toEqual({ sdnb: { stale: [] } })

    await execute('const wrong: number = "text"', {}, [], 'c')
    const told = () =>
      late.map(({ content }) => (content as { data?: { diagnostics?: { cell: string } } }).data?.diagnostics)
    await expect
      .poll(() => told().find(diagnostics => diagnostics?.cell === 'c'), { timeout: 30_000 })
      .toMatchObject({
        items: [{ code: 2322, severity: 'error', start: 6, end: 11 }],
      })
    expect(result(await run('wrong'))).toBe(`'text'`)

    await run(
      `import { StableDiffusionPipeline } from 'sdnb'; const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny')
      const samePipeline = pipeline
      await pipeline('a', { numInferenceSteps: 1 })`,
    )
    const [state] = await comm('comm_msg', { comm_id: 's', data: { request: 'state' } })
    const { variables, pipelines, memory } = (state.content as unknown as { data: SessionState }).data
    expect(variables).toContainEqual({ name: 'dial', type: 'number', value: '2' })
    expect(variables).toContainEqual({
      name: 'painting',
      type: 'Object',
      value: '{ width: 3, height: 4 }',
      size: '3 × 4',
    })
    const loaded = { type: 'StableDiffusionPipeline', device: 'cpu', bytes: expect.any(Number) }
    expect(pipelines).toEqual(['pipeline', 'samePipeline'].map(name => ({ name, ...loaded })))
    // one process runs both
    expect(memory).toEqual({ kernel: expect.any(Number), engines: pipelines[1].bytes })
    for (const bytes of Object.values(memory)) expect(bytes).toBeGreaterThan(10e6)
  })
})

test('a client of a socket shows the token first', async () => {
  await write('x.txt', '')
  const other = await startKernel({ cwd: folder })
  expect(result(await run('process.env.SDNB_KERNEL_TOKEN ?? "hidden"', other))).toBe(`'hidden'`)
  await other.shutdown()
})
