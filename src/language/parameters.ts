import type ts from 'typescript'
import compiler from './compiler.js'

/** A parameter that the notebook does not declare, or a value that its type does not take. */
export class ParameterError extends Error {
  override name = 'ParameterError'
}

/**
 * The source of a cell that gives a notebook's parameters new values.
 * @param declarations the source of the cell that declares them; without one every name is taken, and a value that
 *   reads as a number, `true` or `false` is one
 * @param given name and raw text of each value: `steps`, `20`
 * @throws ParameterError naming the parameter, its type and what came
 */
export function parameterAssignments(declarations: string | undefined, given: Iterable<[string, string]>): string {
  const values = new Map(given)
  if (declarations === undefined) {
    return [...values].map(([name, text]) => `const ${checkedName(name)} = ${guessedValue(text)}`).join('\n')
  }
  const parameters = declaredParameters(declarations)
  return [...values]
    .map(([name, text]) => {
      const parameter = parameters.get(name)
      if (!parameter) throw new ParameterError(unknownParameter(name, parameters))
      const { keyword, annotation, type, aliases } = parameter
      const value = valueText(text, type, aliases)
      if (value === undefined)
        throw new ParameterError(`parameter ${name} is of type ${parameter.typeText}, got ${JSON.stringify(text)}`)
      return `${keyword} ${name}${annotation ? `: ${annotation}` : ''} = ${value}`
    })
    .join('\n')
}

type Aliases = Map<string, ts.TypeNode>

interface Parameter {
  keyword: 'const' | 'let' | 'var'
  /** the declared type as written */
  annotation?: string
  /** the declared type, else the one that the initial value shows; undefined: any JSON value */
  type?: ts.TypeNode
  /** for messages */
  typeText: string
  aliases: Aliases
}

function declaredParameters(source: string): Map<string, Parameter> {
  const file = compiler.createSourceFile('parameters.ts', source, compiler.ScriptTarget.Latest, true)
  const aliases: Aliases = new Map(
    file.statements.filter(compiler.isTypeAliasDeclaration).map(alias => [alias.name.text, alias.type]),
  )
  const parameters = new Map<string, Parameter>()
  for (const { declarationList } of file.statements.filter(compiler.isVariableStatement)) {
    const keyword =
      declarationList.flags & compiler.NodeFlags.Const
        ? 'const'
        : declarationList.flags & compiler.NodeFlags.Let
          ? 'let'
          : 'var'
    for (const { name, type, initializer } of declarationList.declarations) {
      if (!compiler.isIdentifier(name)) continue
      const annotation = type?.getText(file)
      const known = type ?? (initializer && shownType(initializer))
      parameters.set(name.text, {
        keyword,
        annotation,
        type: known,
        typeText: (annotation ?? (known ? printed(known, file) : 'JSON')).replace(/\s+/g, ' '),
        aliases,
      })
    }
  }
  return parameters
}

function shownType(value: ts.Expression): ts.TypeNode | undefined {
  if (compiler.isParenthesizedExpression(value)) return shownType(value.expression)
  if (compiler.isAsExpression(value) && !compiler.isConstTypeReference(value.type)) return value.type
  if (compiler.isAsExpression(value) || compiler.isSatisfiesExpression(value)) return shownType(value.expression)
  if (compiler.isPrefixUnaryExpression(value)) return shownType(value.operand)
  if (compiler.isStringLiteralLike(value) || compiler.isTemplateExpression(value))
    return keyword(compiler.SyntaxKind.StringKeyword)
  if (compiler.isNumericLiteral(value)) return keyword(compiler.SyntaxKind.NumberKeyword)
  if (compiler.isBigIntLiteral(value)) return keyword(compiler.SyntaxKind.BigIntKeyword)
  if (value.kind === compiler.SyntaxKind.TrueKeyword || value.kind === compiler.SyntaxKind.FalseKeyword)
    return keyword(compiler.SyntaxKind.BooleanKeyword)
  if (compiler.isArrayLiteralExpression(value))
    return compiler.factory.createArrayTypeNode(oneOf(value.elements.map(shownType), value.getSourceFile()))
  return compiler.isObjectLiteralExpression(value) ? shownObjectType(value) : undefined
}

function shownObjectType({ properties }: ts.ObjectLiteralExpression): ts.TypeNode | undefined {
  const members = properties.map(property =>
    compiler.isPropertyAssignment(property) && !compiler.isComputedPropertyName(property.name)
      ? compiler.factory.createPropertySignature(
          undefined,
          property.name,
          undefined,
          shownType(property.initializer) ?? keyword(compiler.SyntaxKind.UnknownKeyword),
        )
      : undefined,
  )
  return members.every(member => member !== undefined) ? compiler.factory.createTypeLiteralNode(members) : undefined
}

function oneOf(types: (ts.TypeNode | undefined)[], file: ts.SourceFile): ts.TypeNode {
  const known = types.filter(type => type !== undefined)
  if (!known.length || known.length < types.length) return keyword(compiler.SyntaxKind.UnknownKeyword)
  const distinct = [...new Map(known.map(type => [printed(type, file), type])).values()]
  return distinct.length === 1 ? distinct[0] : compiler.factory.createUnionTypeNode(distinct)
}

const keyword = (kind: ts.KeywordTypeSyntaxKind) => compiler.factory.createKeywordTypeNode(kind)

/** Raw text → the TypeScript of a value of this type; undefined when it is none. */
function valueText(text: string, type: ts.TypeNode | undefined, aliases: Aliases): string | undefined {
  if (type && compiler.isParenthesizedTypeNode(type)) return valueText(text, type.type, aliases)
  const alias = type && aliasOf(type, aliases)
  if (alias) return valueText(text, alias, aliases)
  if (type && compiler.isUnionTypeNode(type)) {
    // Every text is a string, so a plain string is tried last.
    const isString = (member: ts.TypeNode) => Number(member.kind === compiler.SyntaxKind.StringKeyword)
    const members = [...type.types].sort((a, b) => isString(a) - isString(b))
    for (const member of members) {
      const value = valueText(text, member, aliases)
      if (value !== undefined) return value
    }
    return undefined
  }
  switch (type?.kind) {
    case compiler.SyntaxKind.StringKeyword:
      return JSON.stringify(text)
    case compiler.SyntaxKind.NumberKeyword:
      return isNumber(text) ? numberText(Number(text)) : undefined
    case compiler.SyntaxKind.BigIntKeyword:
      return /^-?\d+n?$/.test(text) ? `${text.replace(/n$/, '')}n` : undefined
    case compiler.SyntaxKind.UndefinedKeyword:
      return text === 'undefined' ? text : undefined
  }
  if (type && compiler.isLiteralTypeNode(type) && compiler.isStringLiteral(type.literal))
    return text === type.literal.text ? JSON.stringify(text) : undefined
  try {
    const value: unknown = JSON.parse(text)
    return fits(value, type, aliases) ? JSON.stringify(value) : undefined
  } catch {
    return undefined
  }
}

/** Whether a JSON value is of a type, as far as its text alone tells; a type named elsewhere takes any. */
function fits(value: unknown, type: ts.TypeNode | undefined, aliases: Aliases): boolean {
  if (!type) return true
  const alias = aliasOf(type, aliases)
  if (alias) return fits(value, alias, aliases)
  if (compiler.isParenthesizedTypeNode(type)) return fits(value, type.type, aliases)
  if (compiler.isUnionTypeNode(type)) return type.types.some(member => fits(value, member, aliases))
  if (compiler.isTypeOperatorNode(type)) return fits(value, type.type, aliases)
  if (compiler.isArrayTypeNode(type))
    return Array.isArray(value) && value.every(item => fits(item, type.elementType, aliases))
  if (compiler.isTupleTypeNode(type))
    return (
      Array.isArray(value) &&
      value.length === type.elements.length &&
      type.elements.every((element, i) =>
        fits(value[i], compiler.isNamedTupleMember(element) ? element.type : element, aliases),
      )
    )
  if (compiler.isLiteralTypeNode(type))
    return JSON.stringify(value) === type.literal.getText().replace(/^'(.*)'$/, '"$1"')
  if (compiler.isTypeLiteralNode(type))
    return isObject(value) && type.members.every(member => memberFits(value, member, aliases))
  if (compiler.isTypeReferenceNode(type) && /^(Readonly)?Array$/.test(type.typeName.getText()))
    return Array.isArray(value) && value.every(item => fits(item, type.typeArguments?.[0], aliases))
  switch (type.kind) {
    case compiler.SyntaxKind.StringKeyword:
      return typeof value === 'string'
    case compiler.SyntaxKind.NumberKeyword:
      return typeof value === 'number'
    case compiler.SyntaxKind.BooleanKeyword:
      return typeof value === 'boolean'
    case compiler.SyntaxKind.BigIntKeyword:
    case compiler.SyntaxKind.UndefinedKeyword:
      return false
  }
  return true
}

function memberFits(value: Record<string, unknown>, member: ts.TypeElement, aliases: Aliases): boolean {
  if (!compiler.isPropertySignature(member) || compiler.isComputedPropertyName(member.name)) return true
  const { text } = member.name as ts.Identifier | ts.StringLiteral
  return text in value ? fits(value[text], member.type, aliases) : member.questionToken !== undefined
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function aliasOf(type: ts.TypeNode, aliases: Aliases): ts.TypeNode | undefined {
  return compiler.isTypeReferenceNode(type) && compiler.isIdentifier(type.typeName)
    ? aliases.get(type.typeName.text)
    : undefined
}

const isNumber = (text: string) => text.trim() !== '' && !Number.isNaN(Number(text))
const numberText = (value: number) => (Object.is(value, -0) ? '-0' : String(value))

function guessedValue(text: string): string {
  if (text === 'true' || text === 'false') return text
  return isNumber(text) && String(Number(text)) === text ? text : JSON.stringify(text)
}

function checkedName(name: string): string {
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return name
  throw new ParameterError(`parameter ${JSON.stringify(name)} is no TypeScript name`)
}

function printed(type: ts.TypeNode, file: ts.SourceFile): string {
  return compiler.createPrinter().printNode(compiler.EmitHint.Unspecified, type, file)
}

function unknownParameter(name: string, parameters: Map<string, Parameter>): string {
  const known = [...parameters].map(([name, parameter]) => `${name} (${parameter.typeText})`)
  return `no parameter ${JSON.stringify(name)}: the notebook has ${known.join(', ') || 'none'}`
}
