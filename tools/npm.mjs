import { execFileSync } from 'node:child_process'
import { basename } from 'node:path'

/** Runs npm in a folder, the one that started this process where one did; what it prints goes to the error stream. */
export function npm(cwd, ...args) {
  const { npm_execpath: self } = process.env
  const [command, before] = self && basename(self).startsWith('npm') ? [process.execPath, [self]] : ['npm', []]
  const shell = command === 'npm' && process.platform === 'win32'
  execFileSync(command, [...before, ...args, '--loglevel=error'], { cwd, stdio: ['ignore', 2, 2], shell })
}
