/** An installation that the world is in the way of, as no network or a full disk; `code` makes it an expected one. */
export class InstallError extends Error {
  override name = 'InstallError'
  code = 'INSTALL_FAILED'
}
