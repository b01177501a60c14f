import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nugetPackage } from './cudaProject.js'

export interface NugetServer {
  index: string
  /** its certificate, for NODE_EXTRA_CA_CERTS */
  certificate: string
  /** of the package */
  bytes: number
  /** what HEAD tells of them, where that is another number */
  told?: number
  /** sends half of it, and no more */
  stalls: boolean
  close(): Promise<void>
}

/** It is of use where onnxruntime-node has CUDA, and its certificate can be made. */
export const canServe =
  `${process.platform}-${process.arch}` === 'linux-x64' && spawnSync('openssl', ['version']).status === 0

/** A NuGet feed with onnxruntime's package in it; onnxruntime-node's script speaks HTTPS only. */
export async function nugetServer(): Promise<NugetServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-nuget-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', certificate, ...names], { stdio: 'ignore' })
  const file = nugetPackage()
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
    const json = (value: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (request.url === '/index.json')
      json({ resources: [{ '@type': 'PackageBaseAddress/3.0.0', '@id': `${base()}flat/` }] })
    else if (request.url?.endsWith('/index.json')) json({ versions: [version] })
    else if (request.method === 'HEAD') response.writeHead(200, { 'content-length': feed.told ?? file.length }).end()
    else if (feed.stalls)
      response.writeHead(200, { 'content-length': file.length }).write(file.subarray(0, file.length / 2))
    else response.writeHead(200, { 'content-length': file.length }).end(file)
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  const base = () => `https://localhost:${(server.address() as AddressInfo).port}/`
  const feed: NugetServer = {
    index: `${base()}index.json`,
    certificate,
    bytes: file.length,
    stalls: false,
    close: () => {
      rmSync(folder, { recursive: true })
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
  return feed
}

const { version } = createRequire(import.meta.url)('../../node_modules/onnxruntime-node/package.json')
