import { accessSync, constants, cpSync, existsSync, readdirSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type onnxruntimePackage, providerFiles } from '../pipeline/index.js'
import { type Download, runDownloader } from './downloader.js'
import { InstallError } from './installError.js'
import { inWorkFolder } from './workFolder.js'

type Package = ReturnType<typeof onnxruntimePackage>

/** What onnxruntime-node's script/install-metadata.js tells. */
interface Metadata {
  packages: Record<string, { name: string; versions: { feed: string; version: string }[] }>
  feeds: Record<string, { index: string }>
}

/**
 * Asks how large the package is that onnxruntime-node's install script would download.
 * @throws InstallError where the feed cannot be asked, or the package's folder cannot be written; it says what to do by hand
 */
export async function providerBytes(onnxruntime: Package, signal?: AbortSignal): Promise<number> {
  const { folder, binFolder } = onnxruntime
  if (!existsSync(join(folder, 'script/install.js')))
    throw new InstallError(`${folder} has no script/install.js: install onnxruntime-node anew`)
  for (const written of [folder, binFolder])
    try {
      accessSync(written, constants.W_OK)
    } catch {
      throw new InstallError(`${written} cannot be written: run the command as the user who owns it`)
    }
  const { index, name, version } = source(folder)
  try {
    const { resources } = (await (await asked(index, signal)).json()) as { resources: Record<string, string>[] }
    const base = resources.find(resource => resource['@type'] === 'PackageBaseAddress/3.0.0')?.['@id']
    const file = `${name}/${version}/${name}.${version}.nupkg`.toLowerCase()
    const { headers } = await asked(`${base}${file}`, signal, 'HEAD')
    const bytes = Number(headers.get('content-length'))
    if (!(bytes > 0)) throw new Error(`${file} has no size there`)
    return bytes
  } catch (error) {
    signal?.throwIfAborted()
    throw new InstallError(`${index} cannot be asked for ${name}: ${reason(error)}. ${byHand(onnxruntime)}`)
  }
}

async function asked(url: string, signal?: AbortSignal, method = 'GET'): Promise<Response> {
  const limits = [AbortSignal.timeout(30_000), ...(signal ? [signal] : [])]
  const response = await fetch(url, { method, signal: AbortSignal.any(limits) })
  if (!response.ok) throw new Error(`${url} answers with status ${response.status}`)
  return response
}

/** fetch says "fetch failed", and why in its cause. */
const reason = (error: unknown) => ((error as { cause?: Error }).cause ?? (error as Error)).message

function source(folder: string): { index: string; name: string; version: string } {
  const { packages, feeds } = createRequire(join(folder, 'script/'))('./install-metadata.js') as Metadata
  const { name, versions } = packages['nuget:linux/x64:cuda12']
  const [{ feed, version }] = versions
  return { index: feeds[feed].index, name, version }
}

function byHand({ folder, binFolder }: Package): string {
  const { name, version } = source(folder)
  const script = `ONNXRUNTIME_NODE_INSTALL=true node ${join(folder, 'script/install.js')}`
  return (
    `By hand: behind a proxy, name it in GLOBAL_AGENT_HTTPS_PROXY and run ${script}; without a network, bring the NuGet ` +
    `package ${name} ${version}, a zip file, and put its runtimes/linux-x64/native/libonnxruntime_providers_*.so into ${binFolder}`
  )
}

/**
 * Runs onnxruntime-node's install script, and puts what it brought beside onnxruntime's library. The script writes where it
 * lies itself, so a copy of it runs, and a stop leaves nothing.
 * @throws the signal's reason, or InstallError
 */
export async function installProvider(
  onnxruntime: Package,
  options: Pick<Download, 'signal' | 'onBytes'>,
): Promise<void> {
  const { folder, binFolder } = onnxruntime
  await inWorkFolder(folder, async work => {
    cpSync(join(folder, 'script'), join(work, 'script'), { recursive: true })
    // `cuda12` instead of `true` would be taken for no choice, and the script do nothing where npm runs it.
    const env = { ONNXRUNTIME_NODE_INSTALL: 'true' }
    try {
      const download = { ...options, tmp: join(work, 'tmp'), ending: '.nupkg', env }
      await runDownloader(process.execPath, [join(work, 'script/install.js')], download)
      const brought = join(work, 'bin/napi-v6', process.platform, process.arch)
      const missing = providerFiles.filter(file => !existsSync(join(brought, file)))
      if (missing.length > 0) throw new InstallError(`it brought no ${missing.join(', ')}`)
      for (const file of readdirSync(brought)) renameSync(join(brought, file), join(binFolder, file))
    } catch (error) {
      if (!(error instanceof InstallError)) throw error
      throw new InstallError(`onnxruntime-node's install script failed: ${error.message}. ${byHand(onnxruntime)}`)
    }
  })
}
