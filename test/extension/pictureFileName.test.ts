import { expect, test } from 'vitest'
import { pictureFileName } from '../../src/extension/pictures/pictureFileName.js'

test.each([
  ['a-red-car-7', 'a-red-car-7'],
  ['a red car', 'a-red-car'],
  ['../../etc/passwd', 'etc-passwd'],
  ['C:\\windows\\7', 'C-windows-7'],
  ['.profile', 'profile'],
  ['a\0b\nc\u202egnp', 'a-b-c-gnp'],
  ['猫 हिन्दी', '猫-हिन्दी'],
  ['', 'picture'],
  ['/', 'picture'],
  [`${'x'.repeat(59)}-y`, 'x'.repeat(59)],
  ['𠮷'.repeat(70), '𠮷'.repeat(60)],
])('%j names the file %j', (words, name) => expect(pictureFileName(words)).toBe(name))
