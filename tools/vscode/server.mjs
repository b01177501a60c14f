import { execFileSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { npm } from '../npm.mjs'

const codeServer = '4.139.1' // is VS Code 1.139.1
const nodeVersion = '24.21.0' // what that asks for

/** Packages that the server, its extension host and its web page load; versions are those of code-server's own lock. */
const packages = [
  ...['cookie', 'minimist', 'ws', 'yauzl', 'yazl', 'vscode-regexpp', 'jschardet', 'katex', 'tas-client', 'node-pty'],
  ...['@microsoft/1ds-core-js', '@microsoft/1ds-post-js', 'http-proxy-agent', 'https-proxy-agent', '@parcel/watcher'],
  ...['proxy-agent', 'spdlog', 'ripgrep-universal', 'native-watchdog', 'deviceid', 'fs-copyfile'].map(vscode),
  ...['iconv-lite-umd', 'tree-sitter-wasm', 'vscode-languagedetection'].map(vscode),
  ...['vscode-textmate', 'vscode-oniguruma'],
  ...['headless', 'xterm', 'addon-serialize', 'addon-unicode11', 'addon-clipboard', 'addon-image'].map(xterm),
  ...['addon-ligatures', 'addon-progress', 'addon-search', 'addon-webgl'].map(xterm),
]

/**
 * A real VS Code from packages of the registry: its server, whose page is the workbench and whose extension host is a Node process.
 * Takes about 25 s the first time, then nothing: it is kept in the user's cache.
 * @returns the Node that runs it and its entry
 * @throws an Error that says why there is none here: the platform, or no registry
 */
export function vscodeServer() {
  const platform = ourPlatform()
  const folder = join(cacheFolder(), `sdnb-vscode-${codeServer}-${recipe()}-${platform}`)
  if (!existsSync(folder)) {
    process.stderr.write('Setting up VS Code for the tests …\n')
    const building = `${folder}.${randomUUID()}`
    try {
      build(building, platform)
      rename(building, folder)
    } catch (error) {
      throw new Error(`VS Code's packages could not be installed: ${error.message}`, { cause: error })
    } finally {
      rmSync(building, { recursive: true, force: true })
    }
  }
  return { node: join(folder, 'node'), main: join(folder, 'vscode', 'out', 'server-main.js') }
}

function ourPlatform() {
  const platform = `${process.platform}-${process.arch}`
  const { glibcVersionRuntime } = process.report.getReport().header
  if (!['linux-x64', 'linux-arm64'].includes(platform) || !glibcVersionRuntime)
    throw new Error(`VS Code's server is packaged for Linux with glibc, x64 or arm64; this is ${platform}`)
  return platform
}

function cacheFolder() {
  return process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
}

/** Another recipe makes another server. */
function recipe() {
  const hash = createHash('sha256')
  for (const file of [import.meta.filename, ...replacements().map(({ file }) => file)]) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 8)
}

function build(folder, platform) {
  mkdirSync(folder, { recursive: true })
  unpack(folder, `node-${platform}@${nodeVersion}`, folder, 2, 'package/bin/node')
  const server = join(folder, 'vscode')
  unpack(folder, `code-server@${codeServer}`, server, 3, 'package/lib/vscode')
  // 88 MB that no notebook needs.
  for (const name of ['copilot', 'mermaid-markdown-features']) remove(server, 'extensions', name)
  installPackages(server, platform)
  for (const { file, target } of replacements()) copyFileSync(file, join(server, 'node_modules', target))
  // The TypeScript of VS Code's own TypeScript extension.
  const typescript = locked(join(server, 'extensions'))['node_modules/typescript'].version
  unpack(folder, `typescript@${typescript}`, join(server, 'extensions', 'node_modules', 'typescript'), 1)
}

/** Without install scripts: nothing is compiled. */
function installPackages(server, platform) {
  const own = readFileSync(join(server, 'package.json'))
  const versions = locked(server)
  const dependencies = Object.fromEntries(packages.map(name => [name, versions[`node_modules/${name}`].version]))
  dependencies[`@parcel/watcher-${platform}-glibc`] = dependencies['@parcel/watcher']
  renameSync(join(server, 'npm-shrinkwrap.json'), join(server, 'npm-shrinkwrap.orig.json'))
  writeFileSync(join(server, 'package.json'), JSON.stringify({ name: 'code-oss', version: '0.0.0', dependencies }))
  npm(server, 'install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', ...retries)
  // The server reads its name and version there.
  writeFileSync(join(server, 'package.json'), own)
  keepOnly(platform, server, 'node_modules/@vscode/ripgrep-universal/bin')
  keepOnly(platform, server, 'node_modules/node-pty/prebuilds')
}

function replacements() {
  const ours = name => join(import.meta.dirname, 'replacements', name)
  return [
    { file: ours('spdlog.cjs'), target: '@vscode/spdlog/index.js' },
    { file: ours('native-watchdog.cjs'), target: '@vscode/native-watchdog/index.js' },
    { file: ours('fs-copyfile.mjs'), target: '@vscode/fs-copyfile/lib/index.js' },
  ]
}

/** Downloads a package and unpacks what is named of it, less so many of its outer folders. */
function unpack(folder, name, target, strip, ...only) {
  npm(folder, 'pack', '--silent', name, ...retries)
  const archive = join(
    folder,
    readdirSync(folder).find(file => file.endsWith('.tgz')),
  )
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['xzf', archive, '-C', target, `--strip-components=${strip}`, ...only])
  rmSync(archive)
}

/** Who has no network learns it in seconds. */
const retries = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=4000']

function locked(folder) {
  return JSON.parse(readFileSync(join(folder, 'npm-shrinkwrap.json'), 'utf8')).packages
}

function keepOnly(name, ...folder) {
  for (const other of readdirSync(join(...folder))) if (other !== name) remove(...folder, other)
}

function remove(...path) {
  rmSync(join(...path), { recursive: true })
}

/** Who set it up meanwhile made the same. */
function rename(from, to) {
  mkdirSync(dirname(to), { recursive: true })
  try {
    renameSync(from, to)
  } catch (error) {
    if (!existsSync(to)) throw error
  }
}

function vscode(name) {
  return `@vscode/${name}`
}

function xterm(name) {
  return `@xterm/${name}`
}
