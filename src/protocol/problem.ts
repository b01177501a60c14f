import { type BaseIssue, getDotPath } from 'valibot'

/** What is wrong first with a value: `code: expected string, got 5`. */
export function problemOf([issue]: BaseIssue<unknown>[]): string {
  const path = getDotPath(issue)
  const where = path === null ? '' : `${path}: `
  if (issue.received === 'undefined') return `${where}is missing`
  const expected = issue.expected === null || issue.type === 'custom' ? issue.message : issue.expected
  return `${where}expected ${expected}, got ${issue.received}`
}
