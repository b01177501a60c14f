import { expect, test } from 'vitest'
import { commandLine } from '../../tools/bench/conditions.mjs'
import { limitsTable } from '../../tools/bench/limits.mjs'
import { secondsByOperator } from '../../tools/bench/operators.mjs'
import { recorded } from '../../tools/bench/record.mjs'
import { spread } from '../../tools/bench/time.mjs'

test('a recorded section takes the place of the one before, and of no other', () => {
  const before = '# Benchmarks\n\n## Start\n\nold\n\n## Start of all\n\nstays\n'
  const after = recorded(before, 'Start', 'new\n')
  expect(after).toBe('# Benchmarks\n\n## Start\n\nnew\n\n## Start of all\n\nstays\n')
  expect(recorded(after, 'Start of all', 'last')).toBe('# Benchmarks\n\n## Start\n\nnew\n\n## Start of all\n\nlast\n')
  expect(() => recorded(before, 'Growth', 'new')).toThrow('"Growth"')
})

test('a profile is summed by operator, of the runs after the first', () => {
  const run = (ts: number, dur: number) => ({ cat: 'Session', name: 'model_run', ts, dur })
  const node = (name: string, ts: number, dur: number, op_name: string) => ({
    ...{ cat: 'Node', name: `${name}_kernel_time`, ts, dur, args: { op_name } },
  })
  const events = [
    ...[run(0, 900), node('conv_in', 0, 800, 'Conv')],
    ...[run(1000, 100), node('conv_in', 1000, 40, 'Conv'), node('conv_out', 1050, 30, 'Conv')],
    ...[{ cat: 'Node', name: 'conv_in_fence_before', ts: 1000, dur: 5 }, node('add', 1080, 8, 'Add')],
    ...[
      run(2000, 200),
      node('conv_in', 2000, 60, 'Conv'),
      node('conv_out', 2100, 70, 'Conv'),
      node('add', 2190, 4, 'Add'),
    ],
  ]
  expect(secondsByOperator(events)).toEqual({
    whole: 150e-6,
    operators: [
      { operator: 'Conv', count: 2, seconds: 100e-6 },
      { operator: 'Add', count: 1, seconds: 6e-6 },
    ],
  })
})

test('a limit is kept up to its own value', () => {
  const limit = (value: number) => ({ what: 'ready', value, most: 0.5, show: (value: number) => `${value} s` })
  expect(
    limitsTable([limit(0.5), limit(0.51)])
      .split('\n')
      .slice(2),
  ).toEqual(['| ready | 0.5 s    | 0.5 s   | kept       |', '| ready | 0.51 s   | 0.5 s   | **missed** |'])
})

test('the median of an even number of times lies between the middle two', () => {
  expect(spread([4, 1, 3, 2])).toMatchObject({ min: 1, median: 2.5, max: 4 })
})

test('a command is told without the paths of the machine', () => {
  expect(commandLine(['models/tiny', '--only', 'start', '--python', '/opt/venv/bin/python', '--record'])).toBe(
    'npm run bench -- FOLDER --only start --python PYTHON --record',
  )
  expect(commandLine([])).toBe('npm run bench')
})
