/** A program that uses an engine; orphans.test.ts starts and ends it. */
import { openEngine } from '../../../src/pipeline/runtime/engine.js'
import { endless, times, x } from './graphs.js'

const engine = openEngine('cpu')
const { y } = await engine.run(times(3), { x })
console.log(`y = ${y.data}`)
if (process.argv[2] === 'dispose') await engine.dispose()
if (process.argv[2] === 'run') {
  await engine.load(endless())
  setTimeout(() => console.log('running'), 300)
  await engine.run(endless(), { x })
}
