import compiler from './compiler.js'
import { lineTable } from './sourceMap.js'

/**
 * A local `.ts` file as the JavaScript of an ES module; types are erased, imports that only types use are left out.
 * @throws SyntaxError naming file, line and column
 */
export function compileModule(source: string, fileName: string): { code: string; mappings: string } {
  const { outputText, sourceMapText, diagnostics } = compiler.transpileModule(source, {
    fileName,
    reportDiagnostics: true,
    compilerOptions: {
      target: compiler.ScriptTarget.ES2023,
      module: compiler.ModuleKind.ESNext,
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
  return { code: outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, ''), mappings }
}
