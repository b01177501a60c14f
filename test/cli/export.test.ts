import { execFileSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { valid } from '../notebook/schema.js'
import { folderWith, newFolder, root, sdnb } from './sdnb.js'

const textIn = (...path: string[]) => readFileSync(join(...path), 'utf8')

test.for(['html', 'md', 'ipynb', 'ts'])('--to %s writes beside the notebook, which stays', async to => {
  const folder = folderWith('const a: number = 1')
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  const before = textIn(folder, 'n.sdnb')
  expect(await sdnb(newFolder(), 'export', join(folder, 'n.sdnb'), '--to', to)).toEqual({
    ...{ code: 0, stdout: '', stderr: `${join(folder, `n.${to}`)}\n` },
  })
  expect(textIn(folder, `n.${to}`)).toContain('a')
  expect(readdirSync(folder).sort()).toEqual([`n.${to}`, 'n.sdnb', 'package.json'].sort())
  expect(textIn(folder, 'n.sdnb')).toBe(before)
})

test('an executed notebook as Markdown, its pictures beside the output', async () => {
  const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
  const folder = folderWith(`import { display } from 'sdnb'\ndisplay({ 'image/png': '${dot}', 'text/plain': 'dot' })`)
  await sdnb(folder, 'run', 'n.sdnb', '--inplace')
  const { code, stdout } = await sdnb(folder, 'export', 'n.sdnb', '--to', 'md', '--output', 'new/m.md', '--json')
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    { file: 'n.sdnb', to: 'md', output: 'new/m.md', pictures: ['new/m_files/m_0_0.png'] },
  ])
  expect(textIn(folder, 'new/m.md')).toMatch(/\n!\[dot\]\(m_files\/m_0_0\.png\)\n$/)
  expect(readFileSync(join(folder, 'new/m_files/m_0_0.png'), 'base64')).toBe(dot)
})

test('an executed notebook as .ipynb keeps to nbformat 4.5, and runs', async () => {
  const folder = folderWith('console.log("hi")', '({ a: 1 })')
  await sdnb(folder, 'run', 'n.sdnb', '--inplace')
  await sdnb(folder, 'export', 'n.sdnb', '--to', 'ipynb')
  const notebook = JSON.parse(textIn(folder, 'n.ipynb'))
  expect(valid(notebook), JSON.stringify(valid.errors)).toBe(true)
  expect(notebook.cells[0].outputs).toMatchObject([{ text: ['hi\n'] }])
  expect((await sdnb(folder, 'run', 'n.ipynb')).stdout).toBe('hi\n{ a: 1 }\n')
})

test('what one module cannot hold is told by name and cells, and exported all the same', async () => {
  const folder = folderWith('function f() {}', 'f()', 'function f() {}', 'f()', 'let = (')
  const { code, stderr } = await sdnb(folder, 'export', 'n.sdnb', '--to', 'ts')
  expect(code).toBe(0)
  expect(stderr).toMatch(/^sdnb: cell 5 does not parse and stands as a comment: .* \(line 1\)$/m)
  expect(stderr).toMatch(/^sdnb: f is declared in cells 1 and 3, /m)
  expect(stderr).toMatch(/^sdnb: n\.ts: tools take it for CommonJS/m)
  expect(textIn(folder, 'n.ts').match(/function f/g)).toHaveLength(2)
  expect((await sdnb(folder, 'export', 'n.sdnb', '--to', 'ts', '--output', 'n.mts')).stderr).not.toContain('CommonJS')
})

test.for([
  [['none.sdnb', '--to', 'md'], /none\.sdnb: no such file/],
  [['bad.sdnb', '--to', 'md'], /bad\.sdnb: the file is empty/],
  [['n.sdnb'], /required option '--to <format>' not specified/],
  [['n.sdnb', '--to', 'pdf'], /html, md, ipynb, ts/],
  [['n.ipynb', '--to', 'ipynb'], /n\.ipynb: would replace the notebook/],
  [['n.sdnb', '--to', 'md', '--output', './n.sdnb'], /n\.sdnb: would replace the notebook/],
  [['n.sdnb', '--to', 'md', '--output', 'link.md'], /link\.md: would replace the notebook/],
  [['n.sdnb', '--to', 'md', '--output', 'n.sdnb/n.md'], /is no file that could be written/],
  [['n.sdnb', '--to', 'md', '--output', ''], /an empty file name/],
] as const)('sdnb export %s is told in one line, with 2, and nothing written', async ([args, reason]) => {
  const folder = folderWith('1')
  copyFileSync(join(folder, 'n.sdnb'), join(folder, 'n.ipynb'))
  writeFileSync(join(folder, 'bad.sdnb'), '')
  symlinkSync('n.sdnb', join(folder, 'link.md'))
  const before = readdirSync(folder)
  const content = textIn(folder, 'n.sdnb')
  const { code, stdout, stderr } = await sdnb(folder, 'export', ...args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(reason)
  expect(stderr).toMatch(/^sdnb: .+\n$/)
  expect(readdirSync(folder)).toEqual(before)
  expect(textIn(folder, 'n.sdnb')).toBe(content)
})

test('names declared again mean in the module what they mean in the notebook', async () => {
  const folder = folderWith(
    "import { basename } from 'node:path'\nconst list: number[] = [1]\nlet n = 0\nconst next = (): number => ++n",
    "!true\nconst word: string = 'one'\nconsole.log(word, next())",
    "import { basename, sep } from 'node:path'\nconst word = { two: 2 }\nlet n = 10\nconsole.log(word, sep.length)",
    'console.log(n, next())\nlist',
    '[0].map(zero => console.log(list[zero]))',
    'const { list, more } = { list: [7], more: await Promise.resolve(8) }',
    "console.log(list, more, basename('/a/b'))",
  )
  const { stdout } = await sdnb(folder, 'run', 'n.sdnb', '--output', 'o.sdnb')
  expect((await sdnb(folder, 'export', 'n.sdnb', '--to', 'ts', '--output', 'n.mts')).stderr).toBe('n.mts\n')
  writeFileSync(join(folder, 'n.mjs'), transformSync(textIn(folder, 'n.mts'), { loader: 'ts' }).code)
  const printed = execFileSync(process.execPath, [join(folder, 'n.mjs')], { encoding: 'utf8' })
  expect(printed).toBe('one 1\n{ two: 2 } 1\n10 11\n1\n[ 7 ] 8 b\n')
  expect(stdout.replace(/^\[ 1 \]\n|^\[ undefined \]\n/gm, '')).toBe(printed)
})

test('the article’s notebook as a module has right types', async () => {
  const output = join(newFolder(), 'n.mts')
  const notebook = join(root, 'notebooks/01-install-load-generate-grid.sdnb')
  await sdnb(root, 'export', notebook, '--to', 'ts', '--output', output)
  writeFileSync(output.replace('n.mts', 'wrong.mts'), textIn(output).replace("'float16'", "'float15'"))
  expect(typeErrors(output, output.replace('n.mts', 'wrong.mts'))).toEqual([
    [],
    [expect.stringContaining('\'"float15"\' is not assignable')],
  ])
})

/** What TypeScript finds wrong in each file. */
function typeErrors(...files: string[]): string[][] {
  // the package that the notebook installs
  const declarations = join(files[0], '../ambient.d.ts')
  writeFileSync(
    declarations,
    `declare module 'markdown-table' { export function markdownTable(table: string[][]): string }`,
  )
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  const program = ts.createProgram([...files, declarations], {
    ...{ ...options, composite: false, emitDeclarationOnly: false, noEmit: true },
    ...{ paths: { sdnb: [join(root, 'src/index.ts')] }, typeRoots: [join(root, 'node_modules/@types')] },
  })
  return files.map(file => {
    const source = program.getSourceFile(file)
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
  })
}
