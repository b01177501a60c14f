import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { CellUpdate, FromServer, Method, Methods, ToServer } from './serverProtocol.js'

/** @param signal gives the request up: the server drops it, unless it is at it already */
type Request<M extends Method> = (params: Methods[M]['params'], signal?: AbortSignal) => Promise<Methods[M]['result']>

/** A language server's methods; the protocol says what each takes and gives. */
export type LanguageServer = { [M in Method]: Request<M> } & {
  update(update: CellUpdate): void
  refresh(): void
  /** Ends the server; what still waits for it fails. */
  dispose(): void
  readonly pid: number
  /** set once the process has ended, or cannot be reached */
  readonly died: LanguageServerDiedError | undefined
}

/** The language server's process ended while it was needed. */
export class LanguageServerDiedError extends Error {
  override name = 'LanguageServerDiedError'
}

export interface LanguageServerOptions {
  /** the notebook's folder */
  cwd: string
  /** the server's built file; without it, this package's */
  server?: string
  /** the Node that runs it; without it, the one that runs this */
  execPath?: string
  env?: NodeJS.ProcessEnv
}

/** Starts a language server in a process of its own; it ends when this process ends, however that ends. */
export async function startLanguageServer(options: LanguageServerOptions): Promise<LanguageServer> {
  const { server = createRequire(import.meta.url).resolve('#languageServer'), ...how } = options
  const child = fork(server, {
    ...how,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  })
  const open = new Map<number, { resolve(result: never): void; reject(reason: unknown): void }>()
  let lastId = 0
  let lastWords = ''
  let died: LanguageServerDiedError | undefined

  child.on('message', (message: FromServer) => {
    const request = open.get(message.id)
    open.delete(message.id)
    if ('error' in message) request?.reject(new Error(message.error.message))
    else request?.resolve(message.result as never)
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2000)
  })
  child.on('error', error => end(`could not be started: ${error.message}`))
  child.on('exit', (code, signal) => end(`ended with ${signal ? `signal ${signal}` : `exit code ${code}`}`))
  await once(child, 'spawn')

  return {
    pid: child.pid!,
    get died() {
      return died
    },
    update: params => send({ method: 'update', params }),
    refresh: () => send({ method: 'refresh', params: {} }),
    dispose: () => void child.kill(),
    completions: request('completions'),
    completionDetails: request('completionDetails'),
    hover: request('hover'),
    signatureHelp: request('signatureHelp'),
    diagnostics: request('diagnostics'),
    definition: request('definition'),
    prepareRename: request('prepareRename'),
    rename: request('rename'),
    semanticTokens: request('semanticTokens'),
    format: request('format'),
    isComplete: request('isComplete'),
  }

  function request<M extends Method>(method: M): Request<M> {
    return (params, signal) => {
      if (died) return Promise.reject(died)
      if (signal?.aborted) return Promise.reject(signal.reason)
      const id = ++lastId
      const { promise, resolve, reject } = withResolvers<Methods[M]['result']>()
      const cancel = () => {
        if (open.delete(id)) send({ method: 'cancel', params: { id } })
        reject(signal!.reason)
      }
      open.set(id, { resolve, reject })
      signal?.addEventListener('abort', cancel)
      send({ id, method, params } as ToServer)
      return promise.finally(() => signal?.removeEventListener('abort', cancel))
    }
  }

  function send(message: ToServer) {
    if (died) return
    child.send(message, error => {
      if (error) end(`does not answer: ${error.message}`)
    })
  }

  function end(how: string) {
    died ??= new LanguageServerDiedError(
      `The language server ${how}${lastWords && `; its last words:\n${lastWords.trim()}`}`,
    )
    for (const { reject } of open.values()) reject(died)
    open.clear()
  }
}

/** `Promise.withResolvers`, which Node 20 has not. */
function withResolvers<T>() {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((...functions) => {
    ;[resolve, reject] = functions
  })
  return { promise, resolve, reject }
}
