/** V8's own REPL mode: runs each program's cells in order and tells what each gave. Programs come and go as JSON. */
import { Session } from 'node:inspector/promises'
import { inspect } from 'node:util'

process.once('message', async programs => {
  const session = new Session()
  session.connect()
  globalThis.shown = value => inspect(value, { breakLength: Infinity, compact: true })
  globalThis.number = value => (typeof value === 'number' ? value % 100 : 1)
  const outcomes = []
  for (const cells of programs) {
    const outcome = []
    for (const expression of cells) {
      const { result, exceptionDetails } = await session.post('Runtime.evaluate', {
        expression,
        replMode: true,
        awaitPromise: true,
      })
      if (exceptionDetails) {
        const { className, description = '' } = exceptionDetails.exception
        outcome.push(className ? description.split('\n')[0] : `Uncaught: ${exceptionDetails.exception.value}`)
      } else if (result.objectId) {
        const { result: text } = await session.post('Runtime.callFunctionOn', {
          objectId: result.objectId,
          functionDeclaration: 'async function () { return shown(await this) }',
          awaitPromise: true,
        })
        outcome.push(text.value)
      } else outcome.push(result.unserializableValue ?? shown(result.value))
    }
    outcomes.push(outcome)
  }
  process.send(outcomes, () => process.exit())
})
