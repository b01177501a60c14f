import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../setup.mjs'

const cli = join(root, 'dist/cli.cjs')

/** The command that starts ours. */
export const startOwnKernel = file => [process.execPath, cli, 'kernel', 'start', '--connection-file', file]

/** The kernels that are here, each with how it starts and how its language says what the bench asks. */
export function kernels({ python, deno }) {
  const mebibytes = 8
  const found = [
    {
      name: 'sdnb',
      version: versionOf(process.execPath, cli, '--version'),
      argv: startOwnKernel,
      trivial: '1 + 1',
      binding: i => `const x${i} = ${i}`,
      lines: count => `for (let i = 0; i < ${count}; i++) console.log(i)`,
      makePicture: `import { randomBytes } from 'node:crypto'; import { display } from 'sdnb'
        const picture = randomBytes(${mebibytes} * 2 ** 20); 0`,
      showPicture: `await display({ 'image/png': picture })`,
    },
    {
      name: 'ipykernel',
      version: versionOf(python, '-c', 'import ipykernel; print(ipykernel.__version__)'),
      argv: file => [python, '-m', 'ipykernel_launcher', '-f', file],
      trivial: '1 + 1',
      binding: i => `x${i} = ${i}`,
      lines: count => `for i in range(${count}): print(i)`,
      makePicture: `import os, base64; from IPython.display import display
picture = os.urandom(${mebibytes} * 2 ** 20)`,
      showPicture: `display({'image/png': base64.b64encode(picture).decode()}, raw=True)`,
    },
    {
      name: 'Deno',
      version: versionOf(deno, '--version'),
      argv: file => [deno, 'jupyter', '--kernel', '--conn', file],
      trivial: '1 + 1',
      binding: i => `const x${i} = ${i}`,
      lines: count => `for (let i = 0; i < ${count}; i++) console.log(i)`,
      makePicture: `import { randomBytes } from 'node:crypto'; import { Buffer } from 'node:buffer'
        const picture = randomBytes(${mebibytes} * 2 ** 20); 0`,
      showPicture: `await Deno.jupyter.display({ 'image/png': picture.toString('base64') }, { raw: true })`,
    },
  ]
  return found.filter(({ version }) => version !== undefined)
}

function versionOf(command, ...args) {
  try {
    const text = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return /\d+\.\d+\.\d+/.exec(text)?.[0]
  } catch {
    return undefined
  }
}
