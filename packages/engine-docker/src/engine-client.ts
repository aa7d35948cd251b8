import { Agent, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import Docker from 'dockerode'
import { engineAway, refusedByEngine } from './translate-error.ts'

export interface CallOptions {
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: object
  /** A tar to send as the body. */
  readonly file?: NodeJS.ReadableStream
  readonly registryAuth?: { username: string; password: string; serveraddress: string }
  /** How long the answer may take; for `stream`, its beginning. */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal | undefined
}

/** Calls of the engine's HTTP API over its socket: each with a deadline and a bounded answer, no redirect followed,
 *  errors as `WaggleError`: `engine_refused` with the status, `engine_unavailable` where it did not answer. */
export class EngineClient {
  readonly #modem: Modem
  // A trivial step makes some eight calls: kept connections save a handshake each.
  readonly #agent = unreadable(new Agent({ keepAlive: true, maxFreeSockets: 16 }))

  constructor(socketPath: string) {
    // `host` is named so that DOCKER_HOST of the process cannot turn the calls elsewhere (threats.md T-34).
    const settings = { socketPath, protocol: 'http', agent: this.#agent, host: undefined }
    const docker = new Docker(settings as unknown as Docker.DockerOptions)
    this.#modem = docker.modem as unknown as Modem
  }

  /** One call; the answer's JSON, or `undefined` where it has none. */
  async call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
    const deadline = AbortSignal.timeout(options.deadlineMs ?? callDeadlineMs)
    const signal = options.signal ? AbortSignal.any([deadline, options.signal]) : deadline
    const response = await this.#open(method, path, options, signal)
    const text = await readBounded(response, signal)
    return (text === '' ? undefined : parseJson(text)) as T
  }

  /** One call whose answer is read as it comes. The caller destroys it; `signal` breaks it off. */
  async stream(method: Method, path: string, options: CallOptions = {}): Promise<IncomingMessage> {
    const beginning = new AbortController()
    const timer = setTimeout(
      () => beginning.abort(new Error('no answer in time')),
      options.deadlineMs ?? callDeadlineMs,
    )
    const signal = options.signal
      ? AbortSignal.any([beginning.signal, options.signal])
      : beginning.signal
    try {
      return await this.#open(method, path, options, signal)
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #open(
    method: Method,
    path: string,
    options: CallOptions,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const response = await this.#dial(method, path, options, signal)
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    const text = await readBounded(response, signal).catch(() => '')
    // 304: a container that is already started or stopped, which is what was wanted.
    if (status === 304) return response
    const message = (parseJson(text) as { message?: unknown } | undefined)?.message
    throw refusedByEngine(status, typeof message === 'string' ? message : text)
  }

  #dial(
    method: Method,
    path: string,
    options: CallOptions,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(engineAway(signal.reason))
        return
      }
      this.#modem.dial(
        {
          method,
          // The modem cuts off the last character where there is no query.
          path: `${path}?`,
          options: { _query: options.query ?? {}, _body: options.body ?? {} },
          isStream: true,
          statusCodes: everyStatus,
          abortSignal: signal,
          ...(options.file ? { file: options.file } : {}),
          ...(options.registryAuth ? { authconfig: options.registryAuth } : {}),
        },
        (error, response) => {
          if (error || !response) reject(engineAway(signal.aborted ? signal.reason : error))
          else resolve(response)
        },
      )
    })
  }
}

/** The modem renders each call's options as text to any depth, for a trace that nobody reads: with an agent that is all
 *  its connections with their buffers. Measured: 1.9 ms of a call became 0.75. */
const unreadable = (agent: Agent): Agent =>
  Object.defineProperty(agent, inspect.custom, { value: () => 'Agent' })

const callDeadlineMs = 60_000
const answerLimitBytes = 16 * 1024 * 1024

type Method = 'GET' | 'POST' | 'DELETE' | 'HEAD'

interface Modem {
  dial(
    options: Readonly<Record<string, unknown>>,
    callback: (error: unknown, response: IncomingMessage | null) => void,
  ): void
}

// Refusals are read here, bounded; the modem would read them whole.
const everyStatus = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true]),
)

const readBounded = async (response: IncomingMessage, signal: AbortSignal): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > answerLimitBytes) throw new Error(`its answer exceeds ${answerLimitBytes} bytes`)
      chunks.push(chunk)
    }
  } catch (error) {
    throw engineAway(signal.aborted ? signal.reason : error)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// The modem's own HTTP layer follows five redirects unless told otherwise, and tells nobody where to.
const fromDockerode = createRequire(createRequire(import.meta.url).resolve('dockerode'))
;(fromDockerode('docker-modem/lib/http.js') as { maxRedirects: number }).maxRedirects = 0
