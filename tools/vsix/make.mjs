import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createVSIX } from '@vscode/vsce'
import { root } from '../setup.mjs'
import { copyPackages } from './packages.mjs'

/** Platforms that VS Code and onnxruntime-node both know; the latter has no binary for a Mac with an Intel processor. */
export const targets = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64']

/**
 * Packs the built extension with the packages that it loads, and the native parts of one platform alone. The same sources give the
 * same bytes.
 * @param target `platform-architecture`, one of `targets`
 * @returns the VSIX in dist/, and its largest parts before they are compressed
 */
export async function makeVsix(target) {
  if (!targets.includes(target))
    throw new Error(`Expected one of ${targets.join(', ')} for the target but received ${target}`)
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-vsix-'))
  try {
    copyOwnFiles(manifest, folder)
    const dependencies = { ...copyPackages(folder, target), ...copyPlugin(folder) }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(forVsix(manifest, dependencies), null, 2))
    const path = join(root, 'dist', `sdnb-${target}-${manifest.version}.vsix`)
    await pack(folder, target, path)
    return { path, largest: largestIn(folder) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What npm packs too, as `media` or `notebooks/*.sdnb`; of dist/, what something loads. */
function copyOwnFiles({ files }, folder) {
  for (const pattern of [...files, 'README.md', 'LICENSE'].filter(pattern => !pattern.startsWith('dist/'))) {
    const [name, extension] = pattern.split('/*')
    const filter = source => extension === undefined || source === join(root, name) || source.endsWith(extension)
    cpSync(join(root, name), join(folder, name), { recursive: true, filter })
  }
  const unwanted = /\.map$|\.vsix$|\.built$|^test$|^types\/(?!src)|\.tsbuildinfo$/
  cpSync(join(root, 'dist'), join(folder, 'dist'), {
    recursive: true,
    filter: source => !unwanted.test(relative(join(root, 'dist'), source).replaceAll('\\', '/')),
  })
}

/** VS Code has its TypeScript server look for a plugin among the extension's packages. */
function copyPlugin(folder) {
  const built = join(root, 'dist', 'typescriptPlugin')
  const { name, version } = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8'))
  cpSync(built, join(folder, 'node_modules', name), { recursive: true })
  return { [name]: version }
}

function forVsix({ scripts, files, devDependencies, overrides, ...manifest }, dependencies) {
  return { ...manifest, dependencies }
}

async function pack(folder, target, path) {
  const building = join(folder, 'extension.vsix')
  const { SOURCE_DATE_EPOCH: before } = process.env
  // vsce gives every file this time.
  process.env.SOURCE_DATE_EPOCH = before ?? '315532800'
  try {
    await createVSIX({
      cwd: folder,
      target,
      packagePath: building,
      rewriteRelativeLinks: false,
      allowMissingRepository: true,
      // They look for secrets in nine megabytes of compiler; the files are built ones and published packages.
      allowPackageAllSecrets: true,
      allowPackageEnvFile: true,
    })
  } finally {
    if (before === undefined) delete process.env.SOURCE_DATE_EPOCH
  }
  cpSync(building, `${path}.part`)
  renameSync(`${path}.part`, path)
}

/** @returns name and bytes of folders and packages of 1 MB and more */
function largestIn(folder) {
  const packages = join(folder, 'node_modules')
  const scoped = readdirSync(packages).flatMap(name =>
    name.startsWith('@') ? readdirSync(join(packages, name)).map(inner => `${name}/${inner}`) : [name],
  )
  const parts = [...scoped.map(name => `node_modules/${name}`), 'dist', 'models', 'notebooks']
  return parts
    .map(name => ({ name, bytes: bytesIn(join(folder, name)) }))
    .filter(({ bytes }) => bytes >= 1e6)
    .sort((a, b) => b.bytes - a.bytes)
}

function bytesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}
