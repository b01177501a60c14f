/** Wrong use, or a file that is no notebook: told in one line, exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}
