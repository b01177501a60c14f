import { createRequire } from 'node:module'
import type typescript from 'typescript'

/** TypeScript, by `require`: an `import` of it takes twice as long, as Node first reads its nine megabytes for names to export. */
const compiler: typeof typescript = createRequire(import.meta.url)('typescript')

export default compiler
