import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { MessageOf } from '../../src/protocol/messages.js'
import { error, folder, kernel, late, only, result, run, text } from './kernelProcess.js'

describe('a request', () => {
  test('is answered in Jupyter’s order, and every message names it', async () => {
    const messages = await run('console.log("hi"); 1 + 1')
    expect(messages.map(({ header }) => header.msg_type)).toEqual([
      'status',
      'execute_input',
      'stream',
      'execute_result',
      'execute_reply',
      'status',
    ])
    expect(only(messages, 'status').map(({ execution_state }) => execution_state)).toEqual(['busy', 'idle'])
    expect(new Set(messages.map(({ parent_header }) => parent_header.msg_id)).size).toBe(1)
  })

  test('counts up', async () => {
    const [first] = only(await run('1'), 'execute_reply')
    const [second] = only(await run('undefined'), 'execute_reply')
    expect(second.execution_count).toBe(first.execution_count + 1)
  })

  test('waits for the one before it', async () => {
    const [first, second] = await Promise.all([
      run('await new Promise(r => setTimeout(r, 100)); var order = "first"'),
      run('order'),
    ])
    expect(only(first, 'execute_reply')[0].status).toBe('ok')
    expect(result(second)).toBe(`'first'`)
  })

  test('behind one that failed is not run', async () => {
    const [, second, third] = await Promise.all([
      run('await new Promise(r => setTimeout(r, 100)); throw new Error("no")'),
      run('var ran = true'),
      run('1'),
    ])
    expect([second, third].map(messages => only(messages, 'execute_reply')[0].status)).toEqual(['aborted', 'aborted'])
    expect(result(await run('typeof ran'))).toBe(`'undefined'`)
  })
})

describe('output', () => {
  test('of console and process.stdout.write is the cell’s, formatted as Node does', async () => {
    const messages = await run(
      `console.log('%s is %d', 'a', 1, { b: [2] }); process.stdout.write('raw'); console.error('bad')`,
    )
    expect(only(messages, 'stream')).toEqual([
      { name: 'stdout', text: 'a is 1 { b: [ 2 ] }\nraw' },
      { name: 'stderr', text: 'bad\n' },
    ])
  })

  test('of console is what a plain Node prints', async () => {
    const code = `console.table([{ a: 1, b: 'x' }, { a: 2 }]); console.group('outer'); console.info('in\\nside'); console.group(); console.warn('deep')
      console.groupEnd(); console.groupEnd(); console.dir({ a: { b: { c: {} } } }, { depth: 0 }); console.count(); console.count('c')
      console.assert(1 === 2, 'no %s', 'way'); console.log('%o %j %%', [1], { a: 1 }); console.log(new Map([[1, { a: 2n }]]), Symbol('s'), -0)
      process.stdout.write('no newline'); process.stderr.write('err'); console.log()`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
    const messages = await run(code)
    expect([text(messages), text(messages, 'stderr')]).toEqual([stdout, stderr])
    expect(text(await run('console.time("t"); console.timeEnd("t")'))).toMatch(/^t: [\d.]+(ms|s)\n$/)
  })

  test('of 20,000 lines comes whole, in few messages, before idle', async () => {
    const messages = await run('for (let i = 0; i < 20_000; i++) console.log(i)')
    expect(text(messages).split('\n').length).toBe(20_001)
    expect(messages.length).toBeLessThan(50)
  })

  test('that comes late belongs to its own cell', async () => {
    const [first] = await run(`setTimeout(() => console.log('late one'), 100)\n''`)
    await run('1')
    await expect.poll(() => text(late)).toBe('late one\n')
    expect(late[0].parent_header.msg_id).toBe(first.parent_header.msg_id)
  })

  test('of a timer, a promise and a picture being drawn stays its cell’s, also after ten others', async () => {
    const [first] = await run(`
      import { StableDiffusionPipeline } from 'sdnb'
      const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny')
      setTimeout(() => console.log('timer'), 300)
      import('node:timers/promises').then(({ setTimeout }) => setTimeout(300)).then(() => console.log('promise'))
      pipeline('a cat', { numInferenceSteps: 20 }).then(({ images }) => console.log(images.length, 'picture'))
      0`)
    for (let i = 0; i < 10; i++) await run(`console.log('other')`)
    const own = () => late.filter(({ parent_header }) => parent_header.msg_id === first.parent_header.msg_id)
    await expect
      .poll(() => text(own()).split('\n').sort(), { timeout: 20_000 })
      .toEqual(['', '1 picture', 'promise', 'timer'])
    expect(only(own(), 'update_display_data').at(-1)?.data['text/plain']).toBe('Denoising: 21/21')
  })

  test('split inside a character comes whole', async () => {
    expect(
      text(
        await run('process.stdout.write(new Uint8Array([0xe2, 0x82])); process.stdout.write(new Uint8Array([0xac]))'),
      ),
    ).toContain('€')
  })
})

describe('an error', () => {
  test('names each cell and line, without the kernel’s frames, and shows its cause', async () => {
    await run(
      'type Erased = {\n  a: 1\n}\nfunction inner() {\n  throw new Error("boom", { cause: new RangeError("why") })\n}',
    )
    const messages = await run('\nconst outer = async () => { await null; inner() }\nawait outer()')
    const [reply] = only(messages, 'execute_reply')
    const inCell = `Cell In[${reply.execution_count}]`
    const before = `Cell In[${reply.execution_count - 1}]`
    const frames = [`    at inner (${before}, line 5)`, `    at outer (${inCell}, line 2)`, `    at ${inCell}, line 3`]
    expect(error(messages)).toEqual({
      ename: 'Error',
      evalue: 'boom',
      traceback: [
        'Error: boom',
        ...frames,
        `${before}, line 5`,
        '      throw new Error("boom", { cause: new RangeError("why") })',
        '            ^',
        'Caused by: RangeError: why',
        ...frames,
      ],
    })
  })

  test('of syntax shows the line', async () => {
    const messages = await run('const ok = 1\nconst bad = ;')
    const [{ execution_count: n }] = only(messages, 'execute_reply')
    expect(error(messages).traceback).toEqual([
      `Cell In[${n}], line 2`,
      '    const bad = ;',
      '                ^',
      'SyntaxError: Expression expected. (line 2, column 13)',
    ])
  })

  test('that nobody catches is its cell’s, and the kernel lives', async () => {
    const messages = await run('Promise.reject(new Error("nobody")); var after = 1')
    expect(error(messages).evalue).toBe('nobody')
    expect(only(messages, 'execute_reply')[0].status).toBe('error')
    expect(result(await run('after'))).toBe('1')
  })

  test('in a timer of a cell that has ended is that cell’s', async () => {
    const [first] = await run('setTimeout(() => { throw new Error("in a timer") }, 50)\n0')
    await expect.poll(() => only(late, 'error').map(({ evalue }) => evalue)).toContain('in a timer')
    const reported = late.find(({ header }) => header.msg_type === 'error')
    expect(reported?.parent_header.msg_id).toBe(first.parent_header.msg_id)
  })

  test('printed by the cell names cells too', async () => {
    expect(text(await run('try { null.x } catch (e) { console.log(e) }'))).toMatch(
      /^TypeError: Cannot read properties of null \(reading 'x'\)\n {4}at Cell In\[\d+\], line 1\n$/,
    )
  })
})

describe('process.exit()', () => {
  test('ends the cell, not the kernel', async () => {
    const messages = await run('console.log("before"); try { process.exit(0) } catch {} console.log("after")')
    expect(text(messages)).toContain('before')
    expect(text(messages, 'stderr')).toBe('process.exit(0) was called; the cell ended, the kernel goes on\n')
    expect(only(messages, 'execute_reply')[0].status).toBe('ok')
  })

  test('with a code that tells of a failure fails the cell, from a timer too', async () => {
    const messages = await run('setTimeout(() => process.exit(3), 10); await new Promise(() => {})')
    expect(error(messages).ename).toBe('ProcessExitError')
    expect(result(await run('"alive"'))).toBe(`'alive'`)
  })
})

describe('a ! line', () => {
  test('runs in the shell, in the notebook’s folder, streamed', async () => {
    const arrivals: [string, number][] = []
    for await (const { header, content } of kernel.execute('!pwd; sleep 1; echo done'))
      if (header.msg_type === 'stream') arrivals.push([(content as { text: string }).text, performance.now()])
    expect(arrivals.map(([text]) => text)).toEqual([`${folder}\n`, 'done\n'])
    expect(arrivals[1][1] - arrivals[0][1]).toBeGreaterThan(500)
  })

  test('stands between TypeScript, in the order of the text', async () => {
    expect(text(await run('console.log("a")\n!echo b\nconsole.log("c")'))).toBe('a\nb\nc\n')
  })

  test('without a command does nothing', async () => {
    expect(result(await run('!\n! \n1'))).toBe('1')
  })

  test('that fails tells its exit code', async () => {
    expect(text(await run('!exit 3'), 'stderr')).toBe('[exit 3 ended with exit code 3]\n')
  })
})

describe('display', () => {
  test.each([
    'text/html',
    'text/markdown',
    'image/svg+xml',
    'text/latex',
    'application/json',
    'application/vnd.vegalite.v5+json',
    'image/png',
    'image/jpeg',
  ])('passes %s on, shown or as the cell’s value', async type => {
    const value = /json/.test(type) ? { mark: 'bar' } : /png|jpeg/.test(type) ? new Uint8Array([1]) : '<b>1</b>'
    const literal = value instanceof Uint8Array ? 'new Uint8Array([1])' : JSON.stringify(value)
    const messages = await run(`import { display } from 'sdnb'
        const shown = { [Symbol.for('Jupyter.display')]: () => ({ '${type}': ${literal} }) }
        await display(shown); await display({ '${type}': ${literal} }); shown`)
    const bundles = [...only(messages, 'display_data'), ...only(messages, 'execute_result')].map(({ data }) => data)
    expect(bundles).toEqual([{ [type]: value }, { [type]: value }, { [type]: value }])
  })

  test('shows what a value says of itself; bytes stay bytes', async () => {
    const messages = await run(
      `({ [Symbol.for('Jupyter.display')]: async () => ({ 'image/png': new Uint8Array([1, 2]), 'text/plain': 'dots' }) })`,
    )
    expect(only(messages, 'execute_result')[0].data).toEqual({
      'image/png': new Uint8Array([1, 2]),
      'text/plain': 'dots',
    })
  })

  test('of what no notebook can keep is the cell’s error; of JSON, what JSON keeps', async () => {
    const evalue = async (shown: string) =>
      error(await run(`import { display } from 'sdnb'\nawait display(${shown})`)).evalue
    expect(await evalue(`{ 'application/json': { a: 1n } }`)).toBe('Do not know how to serialize a BigInt')
    expect(await evalue(`{ 'text/plain': 5 }`)).toBe('text/plain: expected text or bytes to show, got 5')
    expect(await evalue(`{ [Symbol.for('Jupyter.display')]: () => undefined }`)).toBe(
      "expected a MIME bundle to show, as { 'text/html': '<b>hi</b>' }, got undefined",
    )
    const [{ data }] = only(
      await run(`await display({ 'application/x+json': [new Date(0), () => 1], 'image/png': new ArrayBuffer(1) })`),
      'display_data',
    )
    expect(data).toEqual({
      'application/x+json': ['1970-01-01T00:00:00.000Z', null],
      'image/png': new Uint8Array(1),
    })
  })

  test('keeps its place among prints, has an id, and is replaced by it', async () => {
    const messages = await run(`
      import { clearOutput, display } from 'sdnb'
      const slow = { [Symbol.for('Jupyter.display')]: async () => { await new Promise(r => setTimeout(r, 50)); return { 'text/plain': 'slow' } } }
      console.log('1'); display(slow, { id: 'a' }); console.log('2')
      await display({ 'text/html': '<b>3</b>' }, { id: 'a', update: true })
      clearOutput({ wait: true })`)
    expect(messages.slice(2, -2).map(({ header, content }) => [header.msg_type, content])).toEqual([
      ['stream', { name: 'stdout', text: '1\n' }],
      ['display_data', { data: { 'text/plain': 'slow' }, metadata: {}, transient: { display_id: 'a' } }],
      ['stream', { name: 'stdout', text: '2\n' }],
      ['update_display_data', { data: { 'text/html': '<b>3</b>' }, metadata: {}, transient: { display_id: 'a' } }],
      ['clear_output', { wait: true }],
    ])
  })

  test('of progress is one display, updated in place; its last text holds no times', async () => {
    const messages = await run(`
      const report = (step, done) => globalThis[Symbol.for('sdnb.progress')]({ id: 'p', label: 'Denoising', step, total: 3, unit: 'step', done })
      for (let step = 1; step <= 3; step++) { report(step, false); await new Promise(r => setTimeout(r, 300)) }
      report(3, true)`)
    const shown = messages.slice(2, -2)
    expect(shown.map(({ header }) => header.msg_type)).toEqual([
      'display_data',
      'update_display_data',
      'update_display_data',
      'update_display_data',
    ])
    const last = shown.at(-1)!.content as MessageOf<'update_display_data'>['content']
    expect(last.transient).toEqual({ display_id: 'p' })
    expect(last.data['text/plain']).toBe('Denoising: 3/3')
    expect(last.data['application/vnd.sdnb.progress+json']).toEqual({
      version: 1,
      id: 'p',
      label: 'Denoising',
      step: 3,
      total: 3,
      unit: 'step',
      done: true,
    })
  })
})
