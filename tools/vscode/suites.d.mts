export interface Suites {
  extensionDevelopmentPath: string
  extensionTestsPath: string
}
export function buildSuites(): Promise<Suites>
