export const targets: string[]
export interface Vsix {
  path: string
  /** parts of 1 MB and more, before they are compressed */
  largest: { name: string; bytes: number }[]
}
export function makeVsix(target: string): Promise<Vsix>
