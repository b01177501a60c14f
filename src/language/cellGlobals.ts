/** What a cell has beside Node's globals. */
export const cellGlobals = `
/**
 * Asks the reader of the notebook for a line of text.
 * @returns what was entered, or null when that was cancelled
 */
declare function prompt(message?: string, defaultValue?: string): string | null
/** Asks the reader of the notebook a question: true for yes. */
declare function confirm(message?: string): boolean
`
