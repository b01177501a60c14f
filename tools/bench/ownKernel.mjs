import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const rounds = 20
const fullRounds = 2
const cells = 50

/** Cells that would never end, each in another state; they say `runs` when they are there. */
const states = {
  'a busy loop': 'for (;;);',
  'a microtask loop': '(function f() { return Promise.resolve().then(f) })()',
  'a nextTick loop': '(function f() { process.nextTick(f) })(); await new Promise(() => {})',
  'a timer loop': 'for (;;) await new Promise(resolve => setTimeout(resolve, 1))',
  'a busy timer': 'setTimeout(() => { for (;;); }); await new Promise(() => {})',
  'a promise that never settles': 'await new Promise(() => {})',
  'a ! line': '!sleep 60',
  'a picture of sdnb/tiny': `await pipeline('a house', { numInferenceSteps: 900 })`,
}

/** What no peer does: how long a stop takes in each state, and the language service at 50 cells; ms. */
export async function measureOwnKernel(client, full) {
  const load = async (name, source) => {
    const { reply } = await client.ask('execute_request', {
      code: `import { StableDiffusionPipeline } from 'sdnb'
        const ${name} = await StableDiffusionPipeline.fromPretrained(${JSON.stringify(source)}); await ${name}('a', { numInferenceSteps: 1 })`,
    })
    if (reply.status !== 'ok') throw new Error(`${source}: ${reply.evalue}`)
  }
  const language = await measureLanguage(client)
  await load('pipeline', 'sdnb/tiny')
  const stops = {}
  for (const [state, code] of Object.entries(states)) stops[state] = await stopped(client, code, rounds)
  if (full) {
    await load('full', resolve(full))
    const code = `await full('a house', { height: 512, width: 512, numInferenceSteps: 50 })`
    stops['a step of full size'] = await stopped(client, code, fullRounds, 3000)
  }
  return { stops, language }
}

/** @param after how long the cell runs before it is stopped, ms */
async function stopped(client, code, rounds, after = 50) {
  const times = []
  for (let round = 0; round < rounds; round++) {
    client.heard.length = 0
    const cell = client.ask('execute_request', { code: `console.log('runs');\n${code}` })
    await client.until(({ type, content }) => type === 'stream' && content.text.includes('runs'))
    await setTimeout(after)
    const started = performance.now()
    client.send('interrupt_request', {}, 'control')
    const { reply } = await cell
    if (reply.ename !== 'InterruptedError') throw new Error(`${code} ended with ${JSON.stringify(reply)}`)
    times.push(performance.now() - started)
    const { reply: next } = await client.ask('execute_request', { code: '1' })
    if (next.status !== 'ok') throw new Error(`after a stop of ${code} a cell ended with ${JSON.stringify(next)}`)
  }
  return times
}

async function measureLanguage(client) {
  const complete = async code => {
    const started = performance.now()
    const { reply } = await client.ask('complete_request', { code, cursor_pos: code.length })
    if (!reply.matches?.length) throw new Error(`no completion of ${code}: ${JSON.stringify(reply)}`)
    return performance.now() - started
  }
  const first = await complete('[1].fil')
  await client.ask('execute_request', { code: `import { gridImage } from 'sdnb'` })
  for (let i = 0; i < cells; i++)
    await client.ask('execute_request', { code: `const value${i} = { width: ${i}, height: ${i} }` })
  await complete('value1.wi')
  const then = []
  for (let i = 0; i < rounds; i++) then.push(await complete(`const typed${i} = ${i}; value${i + 20}.wi`))
  return { first, then }
}
