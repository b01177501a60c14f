import compiler from './compiler.js'
import { lineTable } from './sourceMap.js'

/**
 * A local `.ts` file as the JavaScript of an ES module, a `.cts` file as that of a CommonJS one; types are erased, imports that only
 * types use are left out.
 * @throws SyntaxError naming file, line and column
 */
export function compileModule(source: string, fileName: string): { code: string; mappings: string } {
  // `import a = require('b')` in an ES module
  const requires = /^\s*(export\s+)?import\s+[\w$]+\s*=\s*require\b/m.test(source)
  const module = fileName.endsWith('.cts')
    ? compiler.ModuleKind.CommonJS
    : requires
      ? compiler.ModuleKind.Preserve
      : compiler.ModuleKind.ESNext
  const { outputText, sourceMapText, diagnostics } = compiler.transpileModule(source, {
    fileName,
    reportDiagnostics: true,
    compilerOptions: {
      target: compiler.ScriptTarget.ES2023,
      module,
      jsx: compiler.JsxEmit.ReactJSX,
      isolatedModules: true,
      sourceMap: true,
    },
  })
  const error = diagnostics?.find(({ category }) => category === compiler.DiagnosticCategory.Error)
  if (error) {
    const { line, column } = lineTable(source).position(error.start ?? 0)
    const message = compiler.flattenDiagnosticMessageText(error.messageText, ' ')
    throw new SyntaxError(`${fileName}:${line + 1}:${column + 1}: ${message}`)
  }
  const { mappings } = JSON.parse(sourceMapText!) as { mappings: string }
  const code = outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, '')
  return { code: module === compiler.ModuleKind.Preserve ? code + ownRequire : code, mappings }
}

/** Below the code, whose lines stay; both are there from the beginning. */
const ownRequire = `
import { createRequire as __createRequire } from 'node:module'
function require(specifier) { return __createRequire(import.meta.url)(specifier) }`
