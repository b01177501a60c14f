import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cellsOf, collected, root, sdnb } from '../cli/sdnb.js'

/** Jupyter's own tools against the kernel, in a Python that has `jupyter/requirements.txt`. */
const python = process.env.SDNB_JUPYTER_PYTHON
const reason = python ? '' : ' (needs SDNB_JUPYTER_PYTHON, a Python with test/kernel/jupyter/requirements.txt)'

describe.skipIf(!python)(`Jupyter's tools${reason}`, () => {
  let folder: string
  const here = (...path: string[]) => join(folder, 'notebooks', ...path)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sdnb-jupyter-'))
    await sdnb(folder, 'kernel', 'install', '--prefix', folder)
    cpSync(join(root, 'notebooks'), here(), {
      recursive: true,
      filter: path => !path.includes('node_modules'),
    })
    cpSync(here('01-install-load-generate-grid.sdnb'), here('01.ipynb'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function run(...args: string[]) {
    const env = { ...process.env, JUPYTER_PATH: join(folder, 'share/jupyter'), PYTHONDONTWRITEBYTECODE: '1' }
    return collected(spawn(python!, args, { cwd: here(), env }))
  }
  const script = (name: string) => join(import.meta.dirname, 'jupyter', name)

  test('jupyter_kernel_test passes whole, and jupyter_client stops, asks and ends', { timeout: 180_000 }, async () => {
    const { code, stderr } = await run(script('test_kernel.py'))
    const lines = stderr.split('\n')
    expect(lines.filter(line => /FAIL|ERROR|Error/.test(line)).join('\n')).toBe('')
    expect(code).toBe(0)
    expect(lines.filter(line => line.includes('skipped'))).toEqual([
      expect.stringMatching(/^test_pager /),
      'OK (skipped=1)',
    ])
    expect(stderr).toContain('Ran 17 tests')
  })

  test('nbclient runs the first notebook', { timeout: 300_000 }, async () => {
    const { code, stderr } = await run(script('run_notebook.py'), '01.ipynb', 'nbclient.ipynb')
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expectPictures('nbclient.ipynb')
  })

  test('nbconvert --execute runs it, and makes a page', { timeout: 300_000 }, async () => {
    const convert = (...args: string[]) => run('-m', 'nbconvert', '--execute', '01.ipynb', '--to', ...args)
    expect((await convert('notebook', '--output', 'nbconvert.ipynb')).code).toBe(0)
    expectPictures('nbconvert.ipynb')
    expect((await convert('html', '--output', 'page.html')).code).toBe(0)
    expect(readFileSync(here('page.html'), 'utf8').match(/src="data:image\/png;base64,iVBOR/g)).toHaveLength(2)
  })

  function expectPictures(name: string) {
    const cells = cellsOf(here(name))
    expect(cells.map(cell => cell.execution_count)).toEqual(cells.map((_, i) => i + 1))
    const pictures = cells.flatMap(cell =>
      cell.outputs.flatMap(output => ('data' in output && output.data['image/png']) || []),
    )
    expect(pictures).toEqual([expect.stringMatching(/^iVBOR/), expect.stringMatching(/^iVBOR/)])
  }
})
