import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderWith, newFolder, sdnb } from './sdnb.js'

test.for([
  ['an empty file', ''],
  ['text that is no JSON', '{"cells": ['],
  ['JSON that is no notebook', '{"cells": 3}'],
  ['a list', '[]'],
  ['text that is not UTF-8', Buffer.from('{"nbformat": 4, "cells": [], "metadata": {"title": "\u00e9"}}', 'latin1')],
  ['a source that is no text', '{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}'],
])('%s ends with 2, one line that says why, and the file untouched', async ([, content]) => {
  const folder = newFolder()
  writeFileSync(join(folder, 'n.sdnb'), content)
  const { code, stdout, stderr } = await sdnb(folder, 'run', 'n.sdnb', '--inplace', '--html', 'n.html')
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^sdnb: n\.sdnb: .{10,}\n$/)
  expect(readFileSync(join(folder, 'n.sdnb'))).toEqual(Buffer.from(content))
  expect(readdirSync(folder)).toEqual(['n.sdnb'])
})

test.for([
  [['run'], /missing required argument/],
  [['run', 'none.sdnb'], /none\.sdnb: no such file/],
  [['run', '.'], /is a folder, not a notebook/],
  [['run', 'n.sdnb', '--inplace', '--output', 'o.sdnb'], /--output and --inplace exclude each other/],
  [['run', 'n.sdnb', '--html', 'n.sdnb'], /--html would replace the notebook/],
  [['run', 'n.sdnb', '--html', 'o', '--output', './o'], /name the same file/],
  [['run', 'n.sdnb', '--output', 'folder'], /folder: is no file that could be written/],
  [['run', 'n.sdnb', '--output', 'n.sdnb/o/o.sdnb'], /n\.sdnb\/o\/o\.sdnb: is no file that could be written/],
  [['run', 'n.sdnb', '--timeout', 'soon'], /Expected a number of seconds above 0/],
  [['run', 'n.sdnb', '--timeout', '0'], /Expected a number of seconds above 0/],
  [['run', 'n.sdnb', '-p', 'steps'], /Expected name=value/],
  [['run', 'n.sdnb', '--fast'], /unknown option '--fast'/],
  [['run', 'n.sdnb', 'm.sdnb'], /too many arguments/],
  [['walk'], /unknown command 'walk'/],
] as const)('sdnb %s is told in one line, with 2', async ([args, reason]) => {
  const folder = folderWith('console.log("ran")')
  mkdirSync(join(folder, 'folder'))
  const { code, stdout, stderr } = await sdnb(folder, ...args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(reason)
  expect(stderr).toMatch(/^sdnb: .+\n$/)
})

test('--help and --version are answered with 0', async () => {
  const help = await sdnb(newFolder(), 'run', '--help')
  expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('--inplace')])
  expect(await sdnb(newFolder(), '--version')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  })
})

test('sdnb alone shows what it can do, with 2', async () => {
  const { code, stderr } = await sdnb(newFolder())
  expect([code, stderr]).toEqual([2, expect.stringContaining('run')])
})
