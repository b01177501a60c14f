import { expect, test } from 'vitest'
import { EngineCrashedError, OutOfMemoryError } from '../../../src/pipeline/errors.js'
import { crashError, oomKills, replyError } from '../../../src/pipeline/runtime/crash.js'

const crash = {
  device: 'cpu',
  exitCode: null,
  signal: null,
  outOfMemory: false,
  stderr: '',
  doing: 'running "unet"',
} as const

test('a SIGKILL is a crash, unless the kernel counted an out-of-memory kill', () => {
  expect(crashError({ ...crash, signal: 'SIGKILL' })).toBeInstanceOf(EngineCrashedError)
  expect(crashError({ ...crash, signal: 'SIGKILL', outOfMemory: true })).toBeInstanceOf(OutOfMemoryError)
})

test('a crash tells its signal and the last words', () => {
  const { message } = crashError({ ...crash, signal: 'SIGSEGV', stderr: 'double free' })
  expect(message).toBe(
    'The cpu engine process ended while running "unet" (signal SIGSEGV). The next call starts a new one.\nIts last words:\ndouble free',
  )
})

test('an uncaught std::bad_alloc is too little memory', () => {
  const stderr = "terminate called after throwing an instance of 'std::bad_alloc'"
  expect(crashError({ ...crash, signal: 'SIGABRT', stderr })).toBeInstanceOf(OutOfMemoryError)
})

test.each([
  'Failed to allocate memory for requested buffer of size 1073741824',
  'Available memory of 5 is smaller than requested bytes of 1073741824',
])('"%s" names the bytes', text => {
  const error = replyError(text, 'running "vae"', 'cuda')
  expect(error).toBeInstanceOf(OutOfMemoryError)
  expect(error.message).toContain('asked for 1,073,741,824 bytes (1.00 GiB)')
})

test('any other answer is an error that keeps its text', () => {
  const error = replyError("input 'x' is missing", 'running "vae"', 'cpu')
  expect(error).not.toBeInstanceOf(OutOfMemoryError)
  expect(error.message).toBe('The cpu engine failed while running "vae": input \'x\' is missing')
})

test.runIf(process.platform === 'linux')('the kernel counts its out-of-memory kills', () =>
  expect(oomKills()).toBeTypeOf('number'),
)
