/** What the world may answer, as a model that is not there or a full disk: told in one line, exit code 1. Others are faults of ours. */
export function isExpected(error: unknown): error is Error {
  const { code } = error as { code?: unknown }
  return error instanceof Error && typeof code === 'string' && !code.startsWith('ERR_')
}
