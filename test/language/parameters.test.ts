import { expect, test } from 'vitest'
import { parameterAssignments } from '../../src/language/parameters.js'

const assigned = (declaration: string | undefined, given: Record<string, string>) =>
  parameterAssignments(declaration, Object.entries(given))

test('a value is read by the declared type', () => {
  const cell = 'const model: string = "a"\nlet steps: number = 1, big: bigint = 1n\nvar fast: boolean = false'
  expect(assigned(cell, { model: '12', steps: '1e3', big: '99999999999999999999', fast: 'true' })).toBe(
    'const model: string = "12"\nlet steps: number = 1000\nlet big: bigint = 99999999999999999999n\nvar fast: boolean = true',
  )
})

test('without a declared type the initial value tells it', () => {
  expect(assigned("const name = 'x'", { name: '007' })).toBe('const name = "007"')
  expect(assigned('const scale = -1.5', { scale: '0' })).toBe('const scale = 0')
  expect(assigned('const on = true', { on: 'false' })).toBe('const on = false')
  expect(assigned('const sizes = [64, 96]', { sizes: '[]' })).toBe('const sizes = []')
  expect(() => assigned('const sizes = [64, 96]', { sizes: '64' })).toThrow('sizes is of type number[], got "64"')
  expect(() => assigned('const mixed = [1, "a"]', { mixed: '[true]' })).toThrow('type (number | string)[], got')
  expect(() => assigned('const size = { w: 1, "h": [true] }', { size: '{"w": 1, "h": [2]}' })).toThrow(
    'type { w: number; "h": boolean[]; }, got',
  )
  expect(assigned('const any = [{ ...base }, null]', { any: '[3]' })).toBe('const any = [3]')
})

test('an empty text is a string and no number', () => {
  expect(assigned('const prompt: string = "a"', { prompt: '' })).toBe('const prompt: string = ""')
  expect(() => assigned('const seed: number = 1', { seed: '' })).toThrow('parameter seed is of type number, got ""')
})

test('other types are read as JSON', () => {
  expect(assigned('const sizes: number[] = []', { sizes: '[64, 96]' })).toBe('const sizes: number[] = [64,96]')
  expect(assigned('const size = { w: 1 }', { size: '{"w": 2}' })).toBe('const size = {"w":2}')
  expect(() => assigned('const sizes: number[] = []', { sizes: '["a"]' })).toThrow('type number[], got "[\\"a\\"]"')
  expect(() => assigned('const size: { w: number } = { w: 1 }', { size: '{}' })).toThrow('type { w: number }, got "{}"')
  expect(() => assigned('const size = [1]', { size: 'none' })).toThrow('parameter size is of type number[], got "none"')
})

test('a union takes what one of its members takes', () => {
  const cell = "type Dtype = 'float16' | 'float32'\nconst dtype: Dtype = 'float16'\nlet seed: number | null = null"
  expect(assigned(cell, { dtype: 'float32', seed: 'null' })).toBe(
    'const dtype: Dtype = "float32"\nlet seed: number | null = null',
  )
  expect(() => assigned(cell, { dtype: 'int8' })).toThrow('parameter dtype is of type Dtype, got "int8"')
  expect(() => assigned(cell, { seed: 'x' })).toThrow('parameter seed is of type number | null, got "x"')
})

test('an unknown name is told with the known ones', () => {
  expect(() => assigned("const model: string = 'a'\nconst steps = 50", { modle: 'b' })).toThrow(
    'no parameter "modle": the notebook has model (string), steps (number)',
  )
})

test('without declarations every name is taken, and numbers and booleans are read as such', () => {
  expect(assigned(undefined, { a: '5', b: 'true', c: '05', d: 'text "quoted"' })).toBe(
    'const a = 5\nconst b = true\nconst c = "05"\nconst d = "text \\"quoted\\""',
  )
  expect(() => assigned(undefined, { 'a b': '1' })).toThrow('parameter "a b" is no TypeScript name')
})
