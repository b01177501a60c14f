/** A Node and the entry of VS Code's server. */
export interface VscodeServer {
  node: string
  main: string
}
export function vscodeServer(): VscodeServer
