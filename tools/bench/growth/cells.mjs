import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../setup.mjs'
import { source } from '../../source.mjs'
import { withKernel } from '../kernelSession.mjs'
import { startOwnKernel } from '../kernels.mjs'
import { heldBy } from '../memory.mjs'
import { seconds, spread } from '../time.mjs'

const { parseNotebook, serialiseNotebook, startLanguageServer } = await source(
  'notebook/parse.ts',
  'notebook/serialise.ts',
  'language/client.ts',
)
const rounds = 15

/** Cells of two lines that show a number; each uses a name of the first cell, or of the cell before it. */
const kinds = {
  star: i => (i === 0 ? 'const v0 = { width: 8 }\nv0.width' : `const v${i} = { width: v0.width + ${i} }\nv${i}.width`),
  chain: i =>
    i === 0 ? 'const v0 = { width: 8 }\nv0.width' : `const v${i} = { width: v${i - 1}.width + 1 }\nv${i}.width`,
}
const textsOf = (count, kind) => Array.from({ length: count }, (_, i) => kinds[kind](i))

/** A notebook of so many cells: its file, its run, and what the language service takes at its end; seconds and bytes. */
export async function cellsRow(count) {
  const folder = await mkdtemp(join(tmpdir(), 'sdnb-bench-'))
  try {
    return {
      cells: count,
      ...(await run(folder, textsOf(count, 'star'))),
      ...(await session(textsOf(count, 'star'))),
      star: await language(folder, textsOf(count, 'star')),
      chain: await language(folder, textsOf(count, 'chain')),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** `sdnb run`, and reading and writing the file that it wrote. */
async function run(folder, texts) {
  const [file, output] = ['cells.sdnb', 'run.sdnb'].map(name => join(folder, name))
  const cells = texts.map((source, i) => ({
    ...{ cell_type: 'code', id: `cell-${i}`, metadata: {}, source, execution_count: null, outputs: [] },
  }))
  await writeFile(file, serialiseNotebook({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }))
  const cli = join(root, 'dist/cli.cjs')
  const ran = await seconds(() => promisify(execFile)(process.execPath, [cli, 'run', file, '--output', output]))
  const text = await readFile(output, 'utf8')
  const notebook = parseNotebook(text)
  return {
    run: ran.seconds,
    parse: await median(() => parseNotebook(text)),
    serialise: await median(() => serialiseNotebook(notebook)),
  }
}

/** The cells, one after another, in a kernel that is there; and what it holds of its own when they have run. */
const session = texts =>
  withKernel({ argv: startOwnKernel }, async ({ client, pid }) => {
    const ran = await seconds(async () => {
      for (const code of texts) {
        client.heard.length = 0 // what a client keeps is not the kernel's
        await client.ask('execute_request', { code })
      }
    })
    return { kernel: ran.seconds, kernelMemory: heldBy(pid).private }
  })

/** A notebook that is opened, then edited in its last cell: completions of a member, and what is wrong in the cell, anew each time. */
async function language(folder, texts) {
  const server = await startLanguageServer({ cwd: folder })
  try {
    await server.isComplete({ text: '' }) // it has read its libraries
    const order = texts.map((_, i) => `${i}`)
    const cell = order.at(-1)
    server.update({ order, changed: texts.map((text, i) => ({ id: `${i}`, text })) })
    const all = await seconds(async () => {
      for (const cell of order) await server.diagnostics({ cell })
    })
    const [completions, diagnostics] = [[], []]
    for (let i = 0; i < 2 + rounds; i++) {
      const text = `${texts.at(-1)}\nconst typed${i} = ${i}; v${texts.length - 1}.`
      server.update({ order, changed: [{ id: cell, text }] })
      const asked = await seconds(() => server.completions({ cell, offset: text.length, trigger: '.' }))
      if (!asked.value.items.some(({ name }) => name === 'width')) throw new Error(`no completion of ${text}`)
      completions.push(asked.seconds)
      diagnostics.push((await seconds(() => server.diagnostics({ cell }))).seconds)
    }
    const middle = times => spread(times.slice(2)).median
    return {
      all: all.seconds,
      completion: middle(completions),
      diagnostics: middle(diagnostics),
      memory: heldBy(server.pid).private,
    }
  } finally {
    server.dispose()
  }
}

async function median(work) {
  for (let i = 0; i < 3; i++) work()
  const times = []
  for (let i = 0; i < rounds; i++) times.push((await seconds(work)).seconds)
  return spread(times).median
}
