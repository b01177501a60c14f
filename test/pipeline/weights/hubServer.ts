import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HubServer {
  endpoint: string
  /** `METHOD path`, and what authorization came with it */
  requests: { line: string; host: string; authorization: string | undefined; range: string | undefined }[]
  /** answers before anything else; true where it did */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  /** owner/name → commit and files; a `Buffer` is in LFS, a string in Git */
  repositories: Record<string, { commit: string; files: Record<string, string | Buffer> }>
  close(): Promise<void>
}

/** The hub's routes: model info, tree in pages of four, files, those in LFS by way of another host. */
export async function hubServer(): Promise<HubServer> {
  const cdn = createServer((request, response) => {
    log(request)
    if (hub.intercept?.(request, response)) return
    send(request, response, contentOf(new URL(request.url as string, 'http://x').searchParams.get('file') as string))
  })
  const api = createServer((request, response) => {
    log(request)
    if (!hub.intercept?.(request, response)) answer(request, response)
  })
  const hub: HubServer = {
    endpoint: await listening(api),
    requests: [],
    intercept: undefined,
    repositories: {},
    close: async () => {
      for (const server of [api, cdn]) {
        server.closeAllConnections()
        await new Promise(resolve => server.close(resolve))
      }
    },
  }
  const cdnAt = await listening(cdn)

  function log({ method, url, headers }: IncomingMessage): void {
    const { authorization, range, host = '' } = headers
    hub.requests.push({ line: `${method} ${url}`, host, authorization, range })
  }

  function answer(request: IncomingMessage, response: ServerResponse): unknown {
    const url = new URL(request.url as string, hub.endpoint)
    const [, id, revision] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(url.pathname) ?? []
    const [, treeId] = /^\/api\/models\/([^/]+\/[^/]+)\/tree\//.exec(url.pathname) ?? []
    const [, fileId, path] = /^\/([^/]+\/[^/]+)\/resolve\/[^/]+\/(.+)$/.exec(url.pathname) ?? []
    const repository = hub.repositories[id ?? treeId ?? fileId]
    if (!repository) return refuse(response, 401, 'RepoNotFound', 'Repository not found')
    if (id) {
      if (revision !== 'main' && revision !== repository.commit)
        return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`)
      return json(response, { _id: '1', id, sha: repository.commit, lastModified: '2024-01-01T00:00:00.000Z' })
    }
    if (treeId) {
      const from = Number(url.searchParams.get('cursor') ?? 0)
      const entries = Object.entries(repository.files).slice(from, from + 4)
      if (from + 4 < Object.keys(repository.files).length) {
        url.searchParams.set('cursor', String(from + 4))
        response.setHeader('link', `<${url.href}>; rel="next"`)
      }
      return json(response, entries.map(entry))
    }
    const content = repository.files[path]
    if (content === undefined) return refuse(response, 404, 'EntryNotFound', 'Entry not found')
    if (typeof content === 'string') return send(request, response, Buffer.from(content))
    return response.writeHead(302, { location: `${cdnAt}/?file=${encodeURIComponent(`${fileId}/${path}`)}` }).end()
  }

  function contentOf(file: string): Buffer {
    const [owner, name, ...path] = file.split('/')
    return hub.repositories[`${owner}/${name}`].files[path.join('/')] as Buffer
  }

  return hub
}

export function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'x-error-code': code, 'x-error-message': message }).end()
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(value))
}

/** With ranges, as a real host. */
function send(request: IncomingMessage, response: ServerResponse, content: Buffer): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  response.writeHead(request.headers.range ? 206 : 200, { 'content-length': content.length - from })
  response.end(content.subarray(from))
}

function entry([path, content]: [string, string | Buffer]) {
  const bytes = Buffer.from(content as string)
  const git = (data: Buffer) => createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex')
  if (typeof content === 'string') return { type: 'file', path, size: bytes.length, oid: git(bytes) }
  const oid = createHash('sha256').update(bytes).digest('hex')
  return {
    type: 'file',
    path,
    size: bytes.length,
    oid: git(Buffer.from(oid)),
    lfs: { oid, size: bytes.length, pointerSize: 130 },
  }
}

function listening(server: Server): Promise<string> {
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  )
}
