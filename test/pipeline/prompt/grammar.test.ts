import { describe, expect, test } from 'vitest'
import { parsePromptAttention, promptSchedule, splitComposable } from '../../../src/pipeline/index.js'

describe('parsePromptAttention', () => {
  // the first seven are the examples of stable-diffusion-webui's own documentation
  test.each<[string, [string, number][]]>([
    ['normal text', [['normal text', 1]]],
    [
      'an (important) word',
      [
        ['an ', 1],
        ['important', 1.1],
        [' word', 1],
      ],
    ],
    ['(unbalanced', [['unbalanced', 1.1]]],
    ['\\(literal\\]', [['(literal]', 1]]],
    ['(unnecessary)(parens)', [['unnecessaryparens', 1.1]]],
    [
      'a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).',
      [
        ['a ', 1],
        ['house', 1.573],
        [' ', 1.1],
        ['on', 1],
        [' a ', 1.1],
        ['hill', 0.55],
        [', sun, ', 1.1],
        ['sky', 1.4641],
        ['.', 1.1],
      ],
    ],
    ['', [['', 1]]],
    ['[less]', [['less', 1 / 1.1]]],
    [
      '(nothing:0) (minus:-.5) ( a : 1.5 )',
      [
        ['nothing', 0],
        [' ', 1],
        ['minus', -0.5],
        [' ', 1],
        [' a ', 1.5],
      ],
    ],
    [
      '16:9, (12:30)',
      [
        ['16:9, ', 1],
        ['12', 30],
      ],
    ],
    ['a) b] c\\\\ d\\e', [['a) b] c\\ d\\e', 1]]],
    [
      'a cat BREAK a dog',
      [
        ['a cat', 1],
        ['BREAK', -1],
        ['a dog', 1],
      ],
    ],
    [
      'a BREAKDOWN, BREAK',
      [
        ['a BREAKDOWN,', 1],
        ['BREAK', -1],
        ['', 1],
      ],
    ],
    [
      '(a BREAK b:1.2)',
      [
        ['a', 1.2],
        ['BREAK', -1],
        ['b', 1.2],
      ],
    ],
    [
      'a BREAK BREAK b',
      [
        ['a', 1],
        ['BREAK', -1],
        ['', 1],
        ['BREAK', -1],
        ['b', 1],
      ],
    ],
  ])('%j', (prompt, expected) => {
    const found = parsePromptAttention(prompt)
    expect(found.map(([text]) => text)).toEqual(expected.map(([text]) => text))
    for (const [i, [, weight]] of found.entries()) expect(weight).toBeCloseTo(expected[i][1], 12)
  })
})

describe('promptSchedule over 10 steps', () => {
  // as far as `[fe|||]male` the examples of stable-diffusion-webui's own documentation
  test.each<[string, [number, string][]]>([
    ['test', [[10, 'test']]],
    [
      'a [b:3]',
      [
        [3, 'a '],
        [10, 'a b'],
      ],
    ],
    [
      'a [b: 3]',
      [
        [3, 'a '],
        [10, 'a b'],
      ],
    ],
    [
      'a [[[b]]:2]',
      [
        [2, 'a '],
        [10, 'a [[b]]'],
      ],
    ],
    [
      '[(a:2):3]',
      [
        [3, ''],
        [10, '(a:2)'],
      ],
    ],
    [
      'a [b : c : 1] d',
      [
        [1, 'a b  d'],
        [10, 'a  c  d'],
      ],
    ],
    [
      'a[b:[c:d:2]:1]e',
      [
        [1, 'abe'],
        [2, 'ace'],
        [10, 'ade'],
      ],
    ],
    ['a [unbalanced', [[10, 'a [unbalanced']]],
    [
      'a [b:.5] c',
      [
        [5, 'a  c'],
        [10, 'a b c'],
      ],
    ],
    [
      'a [{b|d{:.5] c',
      [
        [5, 'a  c'],
        [10, 'a {b|d{ c'],
      ],
    ],
    [
      '((a][:b:c [d:3]',
      [
        [3, '((a][:b:c '],
        [10, '((a][:b:c d'],
      ],
    ],
    ['[a|(b:1.1)]', Array.from({ length: 10 }, (_, i) => [i + 1, i % 2 ? '(b:1.1)' : 'a'])],
    ['[fe|]male', Array.from({ length: 10 }, (_, i) => [i + 1, i % 2 ? 'male' : 'female'])],
    ['[fe|||]male', Array.from({ length: 10 }, (_, i) => [i + 1, i % 4 ? 'male' : 'female'])],
    [
      '[a::3]',
      [
        [3, 'a'],
        [10, ''],
      ],
    ],
    [
      '[:b:3]',
      [
        [3, ''],
        [10, 'b'],
      ],
    ],
    ['[a:b:12]', [[10, 'a']]],
    ['[a:b:0]', [[10, 'b']]],
    ['[a:b:-1]', [[10, 'b']]],
    ['[a:b:1.0]', [[10, 'a']]],
    [
      '[a:b:1e0]',
      [
        [1, 'a'],
        [10, 'b'],
      ],
    ],
    [
      '[(a:1.2) b:c:.25]',
      [
        [2, '(a:1.2) b'],
        [10, 'c'],
      ],
    ],
    [
      '(a:b:[c:d:3])',
      [
        [3, '(a:b:c)'],
        [10, '(a:b:d)'],
      ],
    ],
    ['[a:b:c:3]', [[10, '[a:b:c:3]']]],
    [
      '[a [b:c:3]',
      [
        [3, '[a b'],
        [10, '[a c'],
      ],
    ],
    ['a\\[b:3\\]', [[10, 'a\\[b:3\\]']]],
    ['[a]:3]', [[10, '[a]:3]']]],
    [
      'a | (b|c) [d:3]\\',
      [
        [3, 'a | (b|c) \\'],
        [10, 'a | (b|c) d\\'],
      ],
    ],
    [
      'two\n[lines:\nof text:5]',
      [
        [5, 'two\nlines'],
        [10, 'two\n\nof text'],
      ],
    ],
    ['', [[10, '']]],
  ])('%j', (prompt, expected) => expect(promptSchedule(prompt, 10)).toEqual(expected))

  test('without steps is refused', () =>
    expect(() => promptSchedule('a', 0)).toThrow('steps must be a whole number of at least 1, got 0'))

  test('turns within a change', () =>
    expect(promptSchedule('[a:[b|c]:2]', 5).map(([, text]) => text)).toEqual(['a', 'a', 'b', 'c', 'b']))

  test('many brackets that are never closed take no time', () =>
    expect(promptSchedule('[('.repeat(2000), 10)).toEqual([[10, '[('.repeat(2000)]]))
})

describe('splitComposable', () => {
  test.each<[string, [string, number][]]>([
    ['a cat', [['a cat', 1]]],
    [
      'a cat AND a dog:0.7',
      [
        ['a cat', 1],
        [' a dog', 0.7],
      ],
    ],
    [
      'a :1.2 AND b : -.5 AND c ',
      [
        ['a', 1.2],
        [' b', -0.5],
        [' c', 1],
      ],
    ],
    [
      'a (cat:1.2) AND\n(dog:0.5)',
      [
        ['a (cat:1.2)', 1],
        ['\n(dog:0.5)', 1],
      ],
    ],
    ['SAND and BRAND', [['SAND and BRAND', 1]]],
    ['', [['', 1]]],
  ])('%j', (prompt, expected) => expect(splitComposable(prompt)).toEqual(expected))
})
