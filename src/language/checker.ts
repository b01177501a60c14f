import type ts from 'typescript'
import compiler from './compiler.js'

/** TypeScript's checker for one file that knows no other: what it does not declare has no symbol. */
export function checkerOf(file: ts.SourceFile): ts.TypeChecker {
  const options: ts.CompilerOptions = {
    noLib: true,
    noResolve: true,
    types: [],
    target: compiler.ScriptTarget.ESNext,
    moduleDetection: compiler.ModuleDetectionKind.Force,
  }
  const host: ts.CompilerHost = {
    getSourceFile: name => (name === file.fileName ? file : undefined),
    fileExists: name => name === file.fileName,
    readFile: () => undefined,
    writeFile: () => {},
    getDefaultLibFileName: () => 'lib.d.ts',
    getCurrentDirectory: () => '',
    getCanonicalFileName: name => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
  }
  return compiler.createProgram([file.fileName], options, host).getTypeChecker()
}
