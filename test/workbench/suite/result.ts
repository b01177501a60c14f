/** What became of one test in the extension host. */
export interface SuiteResult {
  /** with its suite's */
  title: string
  state: 'passed' | 'failed' | 'pending'
  /** stack of the failure */
  error?: string
}
