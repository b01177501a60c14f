import { InvalidOptionError, ModelNotFoundError } from '../errors.js'
import { storedToken } from './hubCache.js'

/** Requests about one repository. */
export interface HubClient {
  /** such as `https://huggingface.co` */
  endpoint: string
  /** Answers with a status of 200–299 alone. @throws ModelNotFoundError | HubUnreachable | the signal's reason */
  fetch: typeof fetch
}

/** The hub gave no answer, or none to use: what is cached may do instead. */
export class HubUnreachable extends Error {
  override name = 'HubUnreachable'
}

/** HF_ENDPOINT (a mirror, say) and the token are read here, which @huggingface/hub leaves to its caller. */
export async function hubClient(id: string, options: { token?: string; signal?: AbortSignal }): Promise<HubClient> {
  const endpoint = (process.env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '')
  if (!URL.canParse(endpoint)) throw new InvalidOptionError(`HF_ENDPOINT must be a URL, got "${endpoint}"`)
  const token = options.token ?? (await storedToken())
  const { signal } = options
  return {
    endpoint,
    async fetch(input, init) {
      const url = new URL(input instanceof Request ? input.url : input)
      const headers = new Headers(init?.headers)
      headers.set('user-agent', 'sdnb')
      if (token && url.origin === new URL(endpoint).origin) headers.set('authorization', `Bearer ${token}`)
      const limits = [
        ...[signal, init?.signal].filter(one => one instanceof AbortSignal),
        ...(url.pathname.includes('/api/') ? [AbortSignal.timeout(30_000)] : []),
      ]
      let response: Response
      try {
        response = await fetch(url, { ...init, headers, signal: AbortSignal.any(limits) })
      } catch (error) {
        signal?.throwIfAborted()
        init?.signal?.throwIfAborted()
        throw new HubUnreachable(`${endpoint} does not answer: ${networkReason(error)}`, { cause: error })
      }
      if (response.ok) return response
      await response.body?.cancel()
      throw refusal(id, endpoint, response, token !== undefined)
    },
  }
}

/** The innermost reason of what `fetch` throws: `ENOTFOUND getaddrinfo …`. */
export function networkReason(error: unknown): string {
  const { cause, message } = error as Error
  const { code, message: inner } = (cause ?? {}) as NodeJS.ErrnoException
  const proxy = process.env.HTTPS_PROXY || process.env.https_proxy
  const hint = proxy && !process.env.NODE_USE_ENV_PROXY ? ' (for HTTPS_PROXY, Node wants NODE_USE_ENV_PROXY=1 too)' : ''
  return ([code, inner].filter(Boolean).join(': ') || message) + hint
}

/** The hub tells which of its reasons it has in X-Error-Code; a repository that is not there gives 401 without a token. */
function refusal(id: string, endpoint: string, response: Response, withToken: boolean): Error {
  const { status, headers } = response
  const reason = headers.get('x-error-code')
  const told = headers.get('x-error-message')
  if (status === 408 || status === 429 || status >= 500)
    return new HubUnreachable(`${endpoint} answers with status ${status}${told ? `: ${told}` : ''}`)
  if (reason === 'GatedRepo' || (status === 403 && reason !== 'RepoNotFound'))
    return new ModelNotFoundError(
      `${id} is gated: read and accept its licence at ${endpoint}/${id}, then ` +
        (withToken
          ? 'use a token (HF_TOKEN) of that account with access to gated repositories; the one sent has none'
          : `set HF_TOKEN to a token of that account (${endpoint}/settings/tokens)`),
    )
  if (reason === 'RevisionNotFound')
    return new ModelNotFoundError(`${id} has no such revision: ${told ?? response.url}`)
  if (reason === 'EntryNotFound') return new ModelNotFoundError(`${id}: there is no such file: ${response.url}`)
  if (status === 401 || status === 404 || reason === 'RepoNotFound')
    return new ModelNotFoundError(
      `${endpoint} has no model ${id}, or it is private: check the name (and that no folder was meant); ` +
        (withToken ? 'the token sent has no access to it' : 'for a private one set HF_TOKEN') +
        (told ? ` (${told})` : ''),
    )
  return new ModelNotFoundError(`${endpoint} refuses ${id} with status ${status}${told ? `: ${told}` : ''}`)
}
