import type { CellsHost } from '../host.js'
import type { Session } from './session.js'

/**
 * Answers a question about cells that may be chained to any length, each using a name of the one before. The compiler finds a name's
 * type by way of those that it is made of, some calls deeper a cell, and runs out of stack at 200 to 300; where it does, the cells
 * are checked in their order, in which each finds the types that it needs.
 */
export function atAnyDepth<Result>({ service, cells }: Session, host: CellsHost, answer: () => Result): Result {
  try {
    return answer()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    host.renewChecker() // the one that ran out of stack is left halfway
    for (const { fileName } of cells.all()) service.getSemanticDiagnostics(fileName)
    return answer()
  }
}
