import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { collected, newFolder, root, sdnb } from './sdnb.js'

/** Runs `sdnb kernel …` with these variables, and none of those that decide where Jupyter's data is. */
function kernel(args: string[], variables: Record<string, string>) {
  const deciding = ['JUPYTER_DATA_DIR', 'XDG_DATA_HOME', 'APPDATA', 'VIRTUAL_ENV', 'CONDA_PREFIX']
  const kept = Object.entries(process.env).filter(([name]) => !deciding.includes(name))
  const env = { ...Object.fromEntries(kept), ...variables }
  const child = spawn(process.execPath, [join(root, 'dist/cli.cjs'), 'kernel', ...args], { env })
  return collected(child)
}

test('install writes a kernelspec with logos, uninstall removes it', async () => {
  const home = newFolder()
  const spec = join(home, 'kernels/sdnb')
  const installed = await kernel(['install'], { JUPYTER_DATA_DIR: home })
  expect(installed).toEqual({ code: 0, stdout: `Jupyter finds the kernel "SD Notebook" in ${spec}\n`, stderr: '' })
  expect(JSON.parse(readFileSync(join(spec, 'kernel.json'), 'utf8'))).toEqual({
    argv: [process.execPath, join(root, 'dist/cli.cjs'), 'kernel', 'start', '--connection-file', '{connection_file}'],
    display_name: 'SD Notebook',
    language: 'typescript',
    interrupt_mode: 'message',
    kernel_protocol_version: '5.5',
    metadata: {},
  })
  expect(readdirSync(spec).sort()).toEqual(['kernel.json', 'logo-32x32.png', 'logo-64x64.png', 'logo-svg.svg'])
  for (const size of [32, 64])
    expect(await sharp(join(spec, `logo-${size}x${size}.png`)).metadata()).toMatchObject({ width: size, height: size })

  writeFileSync(join(spec, 'old'), '')
  await kernel(['install', '--user', '--json'], { JUPYTER_DATA_DIR: home })
  expect(readdirSync(spec)).not.toContain('old')
  const removed = await kernel(['uninstall', '--json'], { JUPYTER_DATA_DIR: home })
  expect([removed.code, JSON.parse(removed.stdout)]).toEqual([0, { removed: spec }])
  expect(existsSync(spec)).toBe(false)
  expect(await kernel(['uninstall'], { JUPYTER_DATA_DIR: home })).toMatchObject({
    ...{ code: 2, stderr: `sdnb: ${spec}: there is no kernel to remove\n` },
  })
})

test.runIf(process.platform === 'linux').for<[string[], Record<string, string>, string]>([
  [[], { HOME: 'DIR' }, '.local/share/jupyter'],
  [[], { XDG_DATA_HOME: 'DIR' }, 'jupyter'],
  [['--prefix', 'DIR'], {}, 'share/jupyter'],
  [['--sys-prefix'], { VIRTUAL_ENV: 'DIR' }, 'share/jupyter'],
  [['--sys-prefix'], { CONDA_PREFIX: 'DIR' }, 'share/jupyter'],
])('install %j with %j', async ([args, variables, folder]) => {
  const home = newFolder()
  const here = (text: string) => text.replace('DIR', home)
  const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, here(value)]))
  const { stdout } = await kernel(['install', '--json', ...args.map(here)], env)
  expect(JSON.parse(stdout)).toEqual({ installed: join(home, folder, 'kernels/sdnb') })
  expect(existsSync(join(home, folder, 'kernels/sdnb/kernel.json'))).toBe(true)
})

test.for<[string[], RegExp]>([
  [['install', '--user', '--sys-prefix'], /exclude each other: give one/],
  [['install', '--prefix', ''], /an empty folder name/],
  [['install', '--sys-prefix'], /found no Python: activate its environment, or give its folder with --prefix/],
  [['install', '--prefix', 'FILE'], /could not be written .*: name another place/],
  [['start'], /required option '--connection-file <file>' not specified/],
  [['start', '--connection-file', 'none.json'], /none\.json: no such file/],
  [['start', '--connection-file', 'FILE'], /expected a Jupyter connection file, which is JSON/],
])('kernel %j is told in one line, with 2', async ([args, reason]) => {
  const folder = newFolder()
  const file = join(folder, 'file')
  writeFileSync(file, 'text')
  mkdirSync(join(folder, 'empty'))
  const given = args.map(arg => arg.replace('FILE', file))
  const { code, stdout, stderr } = await kernel(given, { PATH: join(folder, 'empty') })
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(reason)
  expect(stderr).toMatch(/^sdnb: .+\n$/)
})

test('sdnb kernel alone shows what it can do, with 2', async () => {
  const { code, stderr } = await sdnb(newFolder(), 'kernel')
  expect([code, stderr]).toEqual([2, expect.stringContaining('uninstall')])
})
