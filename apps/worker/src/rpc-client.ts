import { refusalReply } from '@waggle/contract'
import {
  type Clock,
  cancelled,
  conflict,
  denied,
  internal,
  isWaggleError,
  type Logger,
  unavailable,
  type WaggleError,
} from '@waggle/domain'
import { createHttpPoster, type HttpAnswer } from './http-request.ts'

export interface RpcCall<T> {
  readonly path: string
  readonly query?: Readonly<Record<string, string | number>>
  /** An object is sent as JSON, bytes as they are. */
  readonly body: object | Uint8Array
  readonly reply: ReplyShape<T>
  readonly headers?: Readonly<Record<string, string>>
  /** The credential, asked again before each try: it may have been renewed meanwhile. */
  readonly credential: () => string
  /** Ends the call at once. */
  readonly signal: AbortSignal
  /** Ends the repeating, but lets the try that is under way come to its end: its answer may matter. */
  readonly lastTry?: AbortSignal
  readonly deadlineMs?: number
  /** 1 = ask once; else repeated until a signal fires. */
  readonly tries?: number
}

/** Parses an answer; a zod type of the contract is one. */
interface ReplyShape<T> {
  safeParse(
    value: unknown,
  ): { readonly success: true; readonly data: T } | { readonly success: false }
}

export interface RpcClient {
  call<T>(call: RpcCall<T>): Promise<T>
  urlOf(path: string): URL
  close(): void
}

export interface RpcClientOptions {
  readonly server: string
  readonly clock: Clock
  readonly log: Logger
  /** Called on 401; the call is tried again afterwards. */
  readonly onUnauthorized: (signal: AbortSignal) => Promise<void>
}

/** Calls of the worker protocol. Each has a deadline and is repeated, with back-off, while there is no answer
 *  (network, 5xx, 429, 401, and a 403 or 404 that is not the API's own). Every call is safe to repeat (rule G3). Throws `conflict` with the refusal's code for
 *  409, `cancelled` when a signal fired, `internal` for an answer that makes no sense to repeat. */
export const createRpcClient = (options: RpcClientOptions): RpcClient => {
  const base = options.server.replace(/\/+$/, '')
  const poster = createHttpPoster(base)
  const urlOf = (path: string) => new URL(base + path)

  const once = async <T>(call: RpcCall<T>): Promise<T> => {
    const isRaw = call.body instanceof Uint8Array
    const answer = await poster
      .post({
        path: call.query === undefined ? call.path : `${call.path}?${queryText(call.query)}`,
        headers: {
          'content-type': isRaw ? 'application/octet-stream' : 'application/json',
          authorization: `Bearer ${call.credential()}`,
          ...call.headers,
        },
        body: call.body instanceof Uint8Array ? call.body : JSON.stringify(call.body),
        deadlineMs: call.deadlineMs ?? defaultDeadlineMs,
        limitBytes: answerLimitBytes,
        signal: call.signal,
      })
      .catch((cause: unknown) => {
        throw unavailable('api_away', `no answer from the API at ${base}: ${reason(cause)}`, {
          cause,
        })
      })
    return readAnswer(call, answer)
  }

  const call = async <T>(wanted: RpcCall<T>): Promise<T> => {
    for (let tries = 1; ; tries++) {
      if (wanted.signal.aborted) throw givenUp(wanted.path)
      try {
        return await once(wanted)
      } catch (error) {
        if (wanted.signal.aborted) throw givenUp(wanted.path)
        if (!isWaggleError(error, 'unavailable') && !isWaggleError(error, 'denied')) throw error
        if (tries === wanted.tries) throw error
        if (tries === 3) noteTrouble(options.log, wanted.path, error)
        const waits = wanted.lastTry
          ? AbortSignal.any([wanted.signal, wanted.lastTry])
          : wanted.signal
        if (waits.aborted) throw givenUp(wanted.path)
        await options.clock.sleep(backOffMs(tries), waits).catch(() => undefined)
        if (waits.aborted) throw givenUp(wanted.path)
        if (isWaggleError(error, 'denied')) await options.onUnauthorized(wanted.signal)
      }
    }
  }

  return { call, urlOf, close: () => poster.close() }
}

const noteTrouble = (log: Logger, path: string, error: WaggleError): void => {
  const fields = { path, reason: error.message }
  if (error.kind === 'denied')
    log.error('the API refuses this worker; is WAGGLE_WORKER_SECRET the same on both?', fields)
  else log.warn('the API does not answer; trying on', fields)
}

const defaultDeadlineMs = 10_000
/** Far above the longest real answer: a file of 1 MiB with its secrets. */
const answerLimitBytes = 32 * 1024 * 1024

/** 50 ms, doubling to 5 s, each time somewhere in the upper half, so that many workers do not return as one. */
const backOffMs = (tries: number): number =>
  Math.min(5_000, 50 * 2 ** Math.min(tries - 1, 10)) * (0.5 + Math.random() / 2)

const readAnswer = <T>(call: RpcCall<T>, answer: HttpAnswer): T => {
  const { status } = answer
  const text = answer.body.toString('utf8')
  if (status === 200) {
    const parsed = call.reply.safeParse(parseJson(text))
    if (parsed.success) return parsed.data
    // A proxy's page, or an API of another version: it may be better in a moment.
    throw unavailable('api_answer', `the API's answer to ${call.path} is not of the protocol`)
  }
  if (status === 409) {
    const refusal = refusalReply.safeParse(parseJson(text))
    if (refusal.success) throw conflict(refusal.data.code, refusal.data.message)
  }
  const said = shortText(text)
  if (status === 401) throw deniedBy(said)
  // The API says its refusals as JSON. Another page is that of a proxy which has lost the API for a moment.
  const isProxys = (status === 403 || status === 404) && messageOf(text) === null
  if (status >= 500 || status === 429 || status === 408 || isProxys)
    throw unavailable('api_away', `the API answered ${status} to ${call.path}: ${said}`)
  throw internal('rpc_refused', `the API answered ${status} to ${call.path}: ${said}`)
}

const queryText = (query: Readonly<Record<string, string | number>>): string =>
  new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()

const deniedBy = (said: string) =>
  denied('unauthorized', `the API does not accept this worker's credential: ${said}`)

const givenUp = (path: string) => cancelled('rpc_given_up', `gave up the call ${path}`)

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const messageOf = (text: string): string | null => {
  const message = (parseJson(text) as { message?: unknown } | null | undefined)?.message
  return typeof message === 'string' ? message : null
}

const shortText = (text: string): string =>
  (messageOf(text) ?? text).replace(/\s+/g, ' ').slice(0, 200)

const reason = (error: unknown): string =>
  error instanceof Error ? (error.message === '' ? error.name : error.message) : String(error)
