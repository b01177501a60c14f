import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { npm } from '../npm.mjs'
import { root } from '../setup.mjs'

/** Dependencies that nothing in the extension loads. */
const leftOut = new Set([
  'zeromq', // Jupyter's clients; the extension speaks to its kernels over a local socket
  'onnxruntime-web', // transformers' in a browser
])

/** What onnxruntime-node's install script loads; it brings CUDA (`sdnb install cuda`), on one platform. */
const leftOutWithoutCuda = new Set(['adm-zip', 'global-agent'])
const hasCuda = target => target === 'linux-x64'

/** Files that nothing loads, by the package's name. */
const unloaded = {
  '': /\.(map|md|markdown)$/i,
  'highlight.js': /^(styles|scss|es)(\/|$)/,
  '@huggingface/hub': /^dist\/browser(\/|$)|^(src|cli)|dist\/cli\./,
  '@huggingface/transformers': /^src(\/|$)|^dist\/(?!transformers\.node\.(mjs|cjs)$).+/,
  '@huggingface/tasks': /^src(\/|$)/,
  typescript: /^bin|^lib\/(?!(lib\..*\.d\.ts|typescript\.js)$).+/,
  // its binding asks for libonnxruntime.1.dylib, the same bytes; CUDA's provider is brought by those who want it
  'onnxruntime-node': /libonnxruntime\.1\.\d+\.\d+\.dylib$|libonnxruntime_providers_\w+\.so$|^\.sdnb-/,
}

/**
 * Copies the packages that the extension loads on one platform into a folder's node_modules, at the versions of package-lock.json.
 * Those of another platform come from the registry.
 * @returns the direct ones, as `dependencies` of a package.json
 */
export function copyPackages(folder, target) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  for (const path of needed(lock, target)) copyPackage(path, lock[path], folder, target)
  return withoutLeftOut(lock[''].dependencies, target)
}

/** Paths of packages in the lock that the root's dependencies lead to. */
function needed(lock, target) {
  const paths = new Set()
  visit('', lock[''])
  return paths

  function visit(from, { dependencies, optionalDependencies, peerDependencies }) {
    const names = Object.keys(withoutLeftOut({ ...dependencies, ...optionalDependencies, ...peerDependencies }, target))
    for (const name of names) {
      const path = resolve(from, name)
      if (!path || paths.has(path) || !isFor(target, lock[path])) continue
      paths.add(path)
      visit(path, lock[path])
    }
  }

  /** As Node resolves: the innermost node_modules first. */
  function resolve(from, name) {
    for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
      const path = `${folder && `${folder}/`}node_modules/${name}`
      if (lock[path]) return path
      if (!folder.includes('/node_modules/')) return lock[`node_modules/${name}`] && `node_modules/${name}`
    }
  }
}

function isFor(target, { os, cpu, libc }) {
  const [platform, architecture] = target.split('-')
  const allows = (list, value) => !list || list.includes(value)
  return allows(os, platform) && allows(cpu, architecture) && allows(libc, 'glibc')
}

function copyPackage(path, { version, integrity }, folder, target) {
  const name = nameOf(path)
  const installed = join(root, path)
  const isHere = existsSync(installed)
  const source = isHere ? installed : download(name, version, integrity)
  const isWanted = file =>
    file === '' ||
    /licen[cs]e|notice/i.test(file) ||
    !(isOwnPackages(file) || isUnloaded(name, file) || isForeign(file, target) || isInstaller(name, file, target))
  cpSync(source, join(folder, path), {
    recursive: true,
    filter: from => isWanted(relative(source, from).replaceAll('\\', '/')),
  })
  if (!isHere) rmSync(dirname(source), { recursive: true })
  trimManifest(join(folder, path, 'package.json'), target)
}

/** Another version that a package brings is in the lock by its own path. */
const isOwnPackages = file => file === 'node_modules'
const isInstaller = (name, file, target) =>
  name === 'onnxruntime-node' && /^script(\/|$)/.test(file) && !hasCuda(target)
const isUnloaded = (name, file) => unloaded[''].test(file) || unloaded[name]?.test(file)

/** `bin/napi-v6/win32`, `bin/napi-v6/linux/arm64`: the way of onnxruntime-node. */
function isForeign(file, target) {
  const [, platform, architecture] = /^bin\/napi-v\d+\/([^/]+)(?:\/([^/]+))?/.exec(file) ?? []
  const [ourPlatform, ourArchitecture] = target.split('-')
  return (platform && platform !== ourPlatform) || (architecture && architecture !== ourArchitecture)
}

/** From the registry, to a folder of its own; it must be what the lock names. */
function download(name, version, integrity) {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-package-'))
  try {
    npm(
      folder,
      'pack',
      '--silent',
      '--fetch-retry-mintimeout=1000',
      '--fetch-retry-maxtimeout=4000',
      `${name}@${version}`,
    )
  } catch (error) {
    throw new Error(`${name}@${version} could not be downloaded: ${error.message}`, { cause: error })
  }
  const archive = join(folder, readdirSync(folder)[0])
  const actual = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (actual !== integrity)
    throw new Error(`Expected ${integrity} of package-lock.json for ${name}@${version} but the registry gave ${actual}`)
  execFileSync('tar', ['xzf', archive, '-C', folder])
  return join(folder, 'package')
}

/** npm, which vsce asks for the packages, takes what is left out for missing. */
function trimManifest(file, target) {
  const { dependencies, devDependencies, ...manifest } = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...manifest, dependencies: withoutLeftOut(dependencies, target) }, null, 2))
}

function withoutLeftOut(dependencies = {}, target) {
  const isOut = name => leftOut.has(name) || (leftOutWithoutCuda.has(name) && !hasCuda(target))
  return Object.fromEntries(Object.entries(dependencies).filter(([name]) => !isOut(name)))
}

function nameOf(path) {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}
