import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cellsOf, folderWith, printed, sdnb, started } from './sdnb.js'

test('without an output text goes to the terminal and the notebook stays as it is', async () => {
  const folder = folderWith('console.log("one")', '1 + 1', 'console.error("two")')
  const before = readFileSync(join(folder, 'n.sdnb'))
  const { code, stdout, stderr } = await sdnb(folder, 'run', 'n.sdnb')
  expect(code).toBe(0)
  expect(stdout).toBe('one\n2\n')
  expect(stderr).toContain('two\n')
  expect(readFileSync(join(folder, 'n.sdnb'))).toEqual(before)
  expect(readdirSync(folder)).toEqual(['n.sdnb'])
})

test('--output writes the executed notebook, with counts and outputs', async () => {
  const folder = folderWith('const a: number = 20', '', 'console.log("hi")\na + 1')
  const { code, stderr } = await sdnb(folder, 'run', 'n.sdnb', '--output', 'new/out.sdnb')
  expect(code).toBe(0)
  const [first, empty, last] = cellsOf(folder, 'new/out.sdnb')
  expect([first, empty, last].map(cell => cell.execution_count)).toEqual([1, null, 2])
  expect(printed(last)).toBe('hi\n')
  expect(last.outputs.at(-1)).toMatchObject({ output_type: 'execute_result', execution_count: 2 })
  expect(cellsOf(folder, 'n.sdnb')[0].execution_count).toBeNull()
  expect(stderr).toContain('new/out.sdnb\n')
})

test('--inplace writes over the file, leaving nothing else behind', async () => {
  const folder = folderWith('console.log("hi")')
  expect((await sdnb(folder, 'run', 'n.sdnb', '--inplace')).code).toBe(0)
  expect(printed(cellsOf(folder, 'n.sdnb')[0])).toBe('hi\n')
  expect(readdirSync(folder)).toEqual(['n.sdnb'])
})

test('two runs write the same bytes', async () => {
  const folder = folderWith('console.log("hi")', '({ a: 1 })')
  await sdnb(folder, 'run', 'n.sdnb', '--output', 'a.sdnb')
  await sdnb(folder, 'run', 'a.sdnb', '--output', 'b.sdnb')
  expect(readFileSync(join(folder, 'b.sdnb'), 'utf8')).toBe(readFileSync(join(folder, 'a.sdnb'), 'utf8'))
})

test('--html writes the page too', async () => {
  const folder = folderWith('console.log("hi there")')
  expect((await sdnb(folder, 'run', 'n.sdnb', '--html', 'n.html')).code).toBe(0)
  expect(readFileSync(join(folder, 'n.html'), 'utf8')).toMatch(/^<!doctype html>[\s\S]*hi there/)
})

test('a failing cell ends the run with 1; the notebook has its error, later cells have not run', async () => {
  const folder = folderWith('1', 'const a = 1\nthrow new TypeError("no")', 'console.log("never")')
  const { code, stdout, stderr } = await sdnb(folder, 'run', 'n.sdnb', '--output', 'o.sdnb')
  expect(code).toBe(1)
  expect(stdout).not.toContain('never')
  expect(stderr).toMatch(/TypeError: no[\s\S]*Cell In\[2\], line 2/)
  const cells = cellsOf(folder, 'o.sdnb')
  expect(cells[1].outputs).toMatchObject([{ output_type: 'error', ename: 'TypeError', evalue: 'no' }])
  expect(cells[2]).toMatchObject({ execution_count: null, outputs: [] })
})

test('a cell that fails after it has ended, in a timer, fails the run too', async () => {
  const folder = folderWith(
    'setTimeout(() => { throw new RangeError("late") }, 100)\n1',
    'await new Promise(resolve => setTimeout(resolve, 500))',
    'console.log("never")',
  )
  const { code, stdout } = await sdnb(folder, 'run', 'n.sdnb', '--output', 'o.sdnb')
  expect([code, stdout]).toEqual([1, '1\n'])
  const [first, second, third] = cellsOf(folder, 'o.sdnb')
  expect(first.outputs.at(-1)).toMatchObject({ output_type: 'error', ename: 'RangeError', evalue: 'late' })
  expect([second.execution_count, third.execution_count]).toEqual([2, null])
})

test('a cell that ends the kernel is a failing cell', async () => {
  const folder = folderWith('console.log("before")', 'process.kill(process.pid, "SIGKILL")', '3')
  const { code } = await sdnb(folder, 'run', 'n.sdnb', '--output', 'o.sdnb')
  expect(code).toBe(1)
  const cells = cellsOf(folder, 'o.sdnb')
  expect(printed(cells[0])).toBe('before\n')
  expect(cells[1].outputs.at(-1)).toMatchObject({ output_type: 'error' })
})

test.for([
  ['an await that never ends', 'await new Promise(resolve => setTimeout(resolve, 1e6))'],
  ['a loop that never ends', 'await new Promise(resolve => setTimeout(resolve, 300))\nfor (;;) {}'],
])('when time runs out in %s, what there is is written', async ([, endless]) => {
  const folder = folderWith('console.log("first")', `console.log("second")\n${endless}`)
  const begin = performance.now()
  const { code, stderr } = await sdnb(folder, 'run', 'n.sdnb', '--output', 'o.sdnb', '--timeout', '8')
  expect(performance.now() - begin).toBeLessThan(25_000)
  expect(code).toBe(1)
  expect(stderr).toContain('stopped: the time-out of 8 s ran out')
  const cells = cellsOf(folder, 'o.sdnb')
  expect(cells.map(printed)).toEqual(['first\n', 'second\n'])
  expect(cells[1].outputs.at(-1)).toMatchObject({ output_type: 'error', evalue: 'The cell was stopped' })
})

test('Ctrl-C stops the run with 130, and what there is is written', async () => {
  const folder = folderWith(
    'console.log("first")',
    'console.log("second")\nawait new Promise(() => setInterval(() => {}, 1e6))',
  )
  const { child, ended } = started(folder, 'run', 'n.sdnb', '--output', 'o.sdnb')
  child.stdout!.on('data', text => String(text).includes('second') && child.kill('SIGINT'))
  expect((await ended).code).toBe(130)
  expect(cellsOf(folder, 'o.sdnb').map(printed)).toEqual(['first\n', 'second\n'])
})

test('what a cell says after it has ended stands in that cell', async () => {
  const folder = folderWith(
    "setTimeout(() => console.log('late'), 300)\nconsole.log('early')",
    'await new Promise(resolve => setTimeout(resolve, 900))\nconsole.log("second")',
  )
  expect((await sdnb(folder, 'run', 'n.sdnb', '--output', 'o.sdnb')).stdout).toBe('early\nlate\nsecond\n')
  expect(cellsOf(folder, 'o.sdnb').map(printed)).toEqual(['early\nlate\n', 'second\n'])
})

test('a reader that goes away early does not stop the run', async () => {
  const folder = folderWith('for (let i = 0; i < 200_000; i++) console.log("line", i)')
  const { child, ended } = started(folder, 'run', 'n.sdnb', '--output', 'o.sdnb')
  child.stdout!.once('data', () => child.stdout!.destroy())
  expect((await ended).code).toBe(0)
  expect(printed(cellsOf(folder, 'o.sdnb')[0])).toMatch(/line 199999\n$/)
})

test('a shell line runs in the notebook’s folder', async () => {
  const folder = folderWith('!pwd')
  const { code, stdout } = await sdnb('/', 'run', join(folder, 'n.sdnb'))
  expect([code, stdout]).toEqual([0, `${folder}\n`])
})

test('pictures go to out/ when there is no output, else into the notebook alone', async () => {
  const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
  const show = `display({ 'image/png': '${dot}' })`
  const folder = folderWith(`import { display } from 'sdnb'\n${show}\n${show}`)
  const { code, stderr } = await sdnb(folder, 'run', 'n.sdnb')
  expect(code).toBe(0)
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['n-1-2.png', 'n-1.png'])
  expect(readFileSync(join(folder, 'out/n-1.png'), 'base64')).toBe(dot)
  expect(stderr).toContain('out/n-1.png\nout/n-1-2.png\n')
  const other = folderWith(`import { display } from 'sdnb'\n${show}`)
  await sdnb(other, 'run', 'n.sdnb', '--output', 'o.sdnb')
  expect(existsSync(join(other, 'out'))).toBe(false)
  expect(cellsOf(other, 'o.sdnb')[0].outputs).toMatchObject([{ data: { 'image/png': dot } }])
})

test('a display that is updated is one output, with its last content', async () => {
  const update = "display({ 'text/plain': 'new' }, { id: 'd', update: true })"
  const folder = folderWith(
    "import { display } from 'sdnb'\ndisplay({ 'text/plain': 'old' }, { id: 'd' })",
    `console.log('x')\n${update}`,
  )
  await sdnb(folder, 'run', 'n.sdnb', '--output', 'o.sdnb')
  const [first, second] = cellsOf(folder, 'o.sdnb')
  expect(first.outputs).toMatchObject([{ data: { 'text/plain': ['new'] } }])
  expect(second.outputs).toHaveLength(1)
})

const report = (step: number, done = false) =>
  `globalThis[Symbol.for('sdnb.progress')]({ id: 'p', label: 'Denoising', step: ${step}, total: 20, unit: 'step', done: ${done}, device: 'cpu' })`
const preview = `async () => [{ width: 1, height: 1, png: 'AAAA' }]`
const progressing = `for (let i = 0; i < 20; i++) { ${report(0).replace('step: 0', 'step: i').replace(/\)$/, `, ${preview})`)}; await new Promise(r => setTimeout(r, 30)) }\n${report(20, true)}`

test('progress is a line each tenth where there is no terminal, and tells the device', async () => {
  const folder = folderWith(progressing)
  const { stdout, stderr } = await sdnb(folder, 'run', 'n.sdnb', '--output', 'o.sdnb')
  expect(stdout).toBe('')
  const lines = stderr.split('\n').filter(line => line.startsWith('Denoising'))
  expect(lines.length).toBeLessThanOrEqual(10)
  expect(lines.at(-1)).toBe('Denoising: 100 % (20 of 20)')
  expect(stderr).toMatch(/^Ran on cpu, [\d.]+ s$/m)
  const { outputs } = cellsOf(folder, 'o.sdnb')[0]
  expect(outputs).toMatchObject([{ data: { 'text/plain': ['Denoising: 20/20'] } }])
  expect(JSON.stringify(outputs)).not.toContain('previews')
})

const hasScript = process.platform === 'linux' && existsSync('/usr/bin/script')

test.skipIf(!hasScript)('progress is a bar on a terminal', () => {
  const folder = folderWith(progressing)
  const command = `${process.execPath} ${join(import.meta.dirname, '../../dist/cli.cjs')} run n.sdnb --output o.sdnb`
  const screen = execFileSync('script', ['-qec', command, '/dev/null'], { cwd: folder, encoding: 'utf8' })
  expect(screen).toMatch(/Denoising [█░]+ \d+ of 20 {2}cpu/)
  expect(screen).toMatch(/Denoising █+ 20 of 20 {2}cpu/)
  expect(statSync(join(folder, 'o.sdnb')).size).toBeGreaterThan(100)
})

test('--json prints one object for programs, and nothing else, to stdout', async () => {
  const folder = folderWith('console.log("hi")', 'throw new RangeError("far")')
  const { code, stdout, stderr } = await sdnb(folder, 'run', 'n.sdnb', '--output', 'o.sdnb', '--json')
  expect(code).toBe(1)
  expect(stderr).toContain('hi\n')
  expect(JSON.parse(stdout)).toEqual({
    file: 'n.sdnb',
    status: 'error',
    exitCode: 1,
    error: { cell: 'c2', executionCount: 2, name: 'RangeError', message: 'far' },
    output: 'o.sdnb',
    seconds: expect.any(Number),
  })
})
