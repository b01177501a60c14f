import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/** Which rooms of src/ a room may import; '.' is the package's index and display.ts. */
const mayImport: Record<string, string[]> = {
  '.': ['pipeline'],
  pipeline: [],
  protocol: [],
  notebook: [],
  language: [],
  kernel: ['protocol', 'language', '.'],
  extension: ['protocol', 'notebook', 'language'],
  renderer: ['protocol'],
  cli: ['protocol', 'notebook', 'language', 'kernel', '.', 'pipeline'],
}

/** Packages with one home. */
const homes: Record<string, string> = {
  vscode: 'src/extension/',
  zeromq: 'src/kernel/transports/zmq.ts',
  'onnxruntime-node': 'src/pipeline/runtime/',
  typescript: 'src/language/',
  sharp: 'src/pipeline/image/',
  '@huggingface/hub': 'src/pipeline/weights/',
  '@huggingface/tokenizers': 'src/pipeline/tokenizer/',
}

const imports = sources('src').flatMap(file =>
  ts.preProcessFile(readFileSync(join(root, file), 'utf8')).importedFiles.map(({ fileName: name }) => ({ file, name })),
)

test('a room imports only the rooms it may', () => {
  const wrong = imports.filter(({ file, name }) => {
    if (!name.startsWith('.')) return false
    const [from, to] = [room(file), room(relative(root, join(root, dirname(file), name)))]
    return from !== to && !mayImport[from].includes(to)
  })
  expect(wrong).toEqual([])
})

test('the pipelines stand on the other rooms of the pipeline, none of which knows them', () => {
  const wrong = imports.filter(
    ({ file, name }) =>
      /^src\/pipeline\/\w+\//.test(file) &&
      !file.startsWith('src/pipeline/pipelines/') &&
      name.startsWith('../pipelines/'),
  )
  expect(wrong).toEqual([])
})

test('outsiders import the index of the pipeline alone', () => {
  const wrong = imports.filter(
    ({ file, name }) => room(file) !== 'pipeline' && /\/pipeline\//.test(name) && !name.endsWith('/pipeline/index.js'),
  )
  expect(wrong).toEqual([])
})

test('only scope.ts of the kernel knows the package', () => {
  const wrong = imports.filter(
    ({ file, name }) =>
      room(file) === 'kernel' &&
      name.startsWith('.') &&
      room(relative(root, join(root, dirname(file), name))) === '.' &&
      file !== 'src/kernel/scope.ts',
  )
  expect(wrong).toEqual([])
})

test('the extension knows of the language server its protocol and its client alone', () => {
  const wrong = imports.filter(
    ({ file, name }) =>
      room(file) === 'extension' &&
      /\/language\//.test(name) &&
      room(relative(root, join(root, dirname(file), name))) === 'language' &&
      !/\/language\/(client|serverProtocol)\.js$/.test(name),
  )
  expect(wrong).toEqual([])
})

test('an external package with one home is imported only there', () => {
  const wrong = imports.filter(({ file, name }) => homes[name] !== undefined && !file.startsWith(homes[name]))
  expect(wrong).toEqual([])
})

test('every package that is imported is a dependency', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const external = imports.filter(
    ({ name }) =>
      !/^[.#]/.test(name) && !name.startsWith('node:') && !builtinModules.includes(name) && name !== 'vscode',
  )
  const wrong = external.filter(({ name }) => !(packageName(name) in dependencies) && name !== 'sdnb')
  expect(wrong).toEqual([])
})

test('project references say the same', () => {
  for (const name of Object.keys(mayImport).filter(name => name !== '.')) {
    let config: { references: { path: string }[] }
    try {
      config = JSON.parse(readFileSync(join(root, 'src', name, 'tsconfig.json'), 'utf8'))
    } catch {
      continue // a room that is not built yet
    }
    const rooms = config.references.map(({ path }) => room(relative(root, join(root, 'src', name, path, 'x'))))
    expect(
      rooms.filter(to => !mayImport[name].includes(to)),
      name,
    ).toEqual([])
  }
})

test('there is one onnxruntime-node', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const copies = Object.keys(lock.packages).filter(path => path.endsWith('node_modules/onnxruntime-node'))
  expect(copies).toEqual(['node_modules/onnxruntime-node'])
})

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
    .map(path => join(folder, path))
}

/** src/kernel/execute.ts → kernel; src/index.ts → . */
function room(path: string): string {
  const [, first, ...rest] = path.split('/')
  return rest.length === 0 ? '.' : first
}

const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
