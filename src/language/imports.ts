import type ts from 'typescript'
import compiler from './compiler.js'

/** A static import as a call of `CellRuntime.load`. `export { a } from 'x'` loads the module and declares nothing. */
export function importCall(node: ts.ImportDeclaration | ts.ExportDeclaration): string {
  const { text } = node.moduleSpecifier as ts.StringLiteral
  const attributes = node.attributes?.elements.map(({ name, value }) => [name.text, (value as ts.StringLiteral).text])
  const names = compiler.isImportDeclaration(node) ? importedNames(node) : []
  const values = [text, Object.fromEntries(attributes ?? []), names].map(value => JSON.stringify(value))
  return `__run.resumed(await __run.load(${values.join(', ')}));`
}

/** Pairs of local and imported name, `*` for the namespace. */
function importedNames({ importClause }: ts.ImportDeclaration): [string, string][] {
  const names: [string, string][] = []
  if (importClause?.name) names.push([importClause.name.text, 'default'])
  const bindings = importClause?.namedBindings
  if (bindings && compiler.isNamespaceImport(bindings)) names.push([bindings.name.text, '*'])
  else
    for (const { name, propertyName } of bindings?.elements ?? []) names.push([name.text, (propertyName ?? name).text])
  return names
}
