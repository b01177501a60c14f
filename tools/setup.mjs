import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm } from './npm.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Installs what package-lock.json names and builds dist/, each only when it is missing or stale. Plain Node. */
export function setUp() {
  if (!isInstalled()) install()
  if (!isBuilt()) build()
}

const inRoot = (...parts) => join(root, ...parts)
const readJson = path => JSON.parse(readFileSync(path, 'utf8'))

/** npm keeps what it has installed in node_modules/.package-lock.json: compare that with what is asked for. */
function isInstalled() {
  const record = inRoot('node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const wanted = readJson(inRoot('package-lock.json')).packages
  const installed = readJson(record).packages
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' ||
      (optional && !installed[path]) ||
      (devOptional && !installed[path]) ||
      installed[path]?.version === version,
  )
}

function install() {
  say('Installing packages (npm ci)')
  npm(root, 'ci')
}

const stamp = inRoot('dist', '.built')

function isBuilt() {
  if (!existsSync(stamp)) return false
  const built = statSync(stamp).mtimeMs
  return ['src', 'package.json', 'package-lock.json', 'esbuild.config.mjs'].every(path => newest(inRoot(path)) <= built)
}

/** When a file, or anything in a folder, last changed; a folder changes when a file in it goes. */
function newest(path) {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(stats.mtimeMs, ...readdirSync(path).map(name => newest(join(path, name))))
}

function build() {
  say('Building')
  const started = new Date()
  execFileSync(process.execPath, ['esbuild.config.mjs'], { cwd: root, stdio: ['ignore', 2, 2] })
  // What changed while it built is newer than the stamp.
  writeFileSync(stamp, `${started.toISOString()}\n`)
  utimesSync(stamp, started, started)
}

function say(text) {
  process.stderr.write(`${text} …\n`)
}
