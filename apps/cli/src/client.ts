import {
  conflict,
  denied,
  internal,
  invalid,
  isWaggleError,
  notFound,
  unavailable,
  type WaggleError,
} from '@waggle/domain'
import { type ApiBuild, type ApiLine, readBuild, readLine } from './api-shapes.ts'
import { type ApiWait, readWait } from './queue-shapes.ts'
import { readEvents } from './read-events.ts'

export interface ClientOptions {
  readonly server: string
  readonly token?: string | undefined
}

interface NewRepo {
  readonly slug: string
  readonly git_http_url: string
  readonly default_branch?: string
  readonly config_path?: string
}

interface NewBuild {
  readonly repository: string
  readonly pipeline: string
  readonly source?: { readonly url: string; readonly ref?: string; readonly commit?: string }
  readonly params?: Readonly<Record<string, string>>
  readonly message?: string
  readonly priority?: number
}

type Query = Readonly<Record<string, string>>

export interface StepAddress {
  readonly build: number
  readonly stage: number
  readonly step: number
}

/** The REST API, as far as the command line needs it. Failures are `WaggleError`s whose text says what to do. */
export interface Client {
  /** Registers the repository, or gives the one that is there its address and path. */
  ensureRepo(repo: NewRepo): Promise<void>
  /** Builds a branch or commit of a registered repository. */
  createBuild(
    slug: string,
    options: {
      readonly branch?: string
      readonly commit?: string
      readonly params?: Readonly<Record<string, string>>
    },
  ): Promise<ApiBuild>
  /** Builds the given pipeline text. */
  submitBuild(build: NewBuild): Promise<ApiBuild>
  /** Signature of a pipeline file, by the repository's key. */
  signFile(slug: string, text: string): Promise<string>
  listBuilds(
    slug: string,
    page: { readonly page: number; readonly limit: number },
  ): Promise<readonly ApiBuild[]>
  findBuild(slug: string, number: number | 'latest'): Promise<ApiBuild>
  stopBuild(slug: string, number: number): Promise<ApiBuild>
  /** A build made by `POST` below the repository's path, such as `builds/3/promote`. Throws `invalid` with the server's
   *  reason where it made none. */
  startBuild(slug: string, path: string, query?: Query): Promise<ApiBuild>
  /** What the server answers below the repository's path. */
  ask(
    slug: string,
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    query?: Query,
    body?: unknown,
  ): Promise<unknown>
  /** Why a stage does not run. `raw`: the server's answer as it came. */
  explainStage(
    slug: string,
    build: number,
    stage: number,
  ): Promise<{ readonly wait: ApiWait; readonly raw: unknown }>
  /** GET unless another method is given: what the registry of workers, the queue, the outgoing webhooks and the list of
   *  users answer, as it came. */
  operate(
    path: `/api/${'workers' | 'queue' | 'webhooks' | 'users'}${string}`,
    method?: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    body?: unknown,
  ): Promise<unknown>
  /** Whether the step has a log that is complete: then following it ends with its last line. */
  hasLog(slug: string, step: StepAddress, signal: AbortSignal): Promise<boolean>
  /** Lines from `from` on, as they come, to the end of the step. */
  followLog(
    slug: string,
    step: StepAddress,
    from: number,
    signal: AbortSignal,
  ): AsyncIterable<ApiLine>
  /** One item for each change of a build of the repository; what was said while the connection was lost is not
   *  said again. */
  followChanges(slug: string, signal: AbortSignal): AsyncIterable<void>
}

const deadlineMs = 30_000

export const createClient = (options: ClientOptions): Client => {
  const base = options.server.replace(/\/+$/, '')
  const call = (
    method: string,
    path: string,
    more: { body?: unknown; signal?: AbortSignal } = {},
  ) => request(base, options.token, method, path, more)

  const json = async (method: string, path: string, body?: unknown): Promise<unknown> =>
    (await told(method, path, body)).value

  /** Also the reason why a call that should have started a build made none. */
  const told = async (method: string, path: string, body?: unknown) => {
    const signal = AbortSignal.timeout(deadlineMs)
    const answer = await call(method, path, { body, signal })
    const reason = decoded(answer.headers.get('x-waggle-reason') ?? '')
    return { value: await parsed(answer), reason }
  }

  const parsed = async (answer: Response): Promise<unknown> => {
    const text = await answer.text().catch((cause: unknown) => {
      throw away(base, cause)
    })
    if (text === '') return null
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw internal('bad_answer', `${base} did not answer with JSON; is it a Waggle server?`, {
        cause,
      })
    }
  }

  const build = (raw: unknown): ApiBuild => {
    const read = readBuild(raw)
    if (read !== null) return read
    throw internal('bad_answer', `${base} answered with something that is no build`)
  }

  const start = async (path: string, body?: unknown): Promise<ApiBuild> => {
    const { value, reason } = await told('POST', path, body)
    if (value !== null) return build(value)
    const why = reason || 'no pipeline of the file matches'
    throw invalid('nothing_built', `the server built nothing: ${why}`)
  }

  const builds = (slug: string) => `/api/repos/${slugPath(slug)}/builds`

  return {
    ensureRepo: async (repo) => {
      try {
        await json('POST', '/api/repos', repo)
      } catch (error) {
        if (!isWaggleError(error, 'conflict')) throw error
        const { git_http_url, default_branch, config_path } = repo
        await json('PATCH', `/api/repos/${slugPath(repo.slug)}`, {
          git_http_url,
          ...(default_branch === undefined ? {} : { default_branch }),
          ...(config_path === undefined ? {} : { config_path }),
        })
      }
    },
    createBuild: async (slug, { branch, commit, params }) => {
      const query = new URLSearchParams({
        ...params,
        ...(branch === undefined ? {} : { branch }),
        ...(commit === undefined ? {} : { commit }),
      })
      return start(`${builds(slug)}?${query.toString()}`)
    },
    submitBuild: (wanted) => start('/api/builds', wanted),
    signFile: async (slug, text) => {
      const raw = await json('POST', `/api/repos/${slugPath(slug)}/sign`, { data: text })
      const { data } = (raw ?? {}) as { data?: unknown }
      if (typeof data === 'string' && /^[0-9a-f]{64}$/.test(data)) return data
      throw internal('bad_answer', `${base} answered with something that is no signature`)
    },
    listBuilds: async (slug, { page, limit }) => {
      const raw = await json('GET', `${builds(slug)}?page=${page}&per_page=${limit}`)
      return (Array.isArray(raw) ? raw : []).map(build)
    },
    findBuild: async (slug, number) => build(await json('GET', `${builds(slug)}/${number}`)),
    stopBuild: async (slug, number) => build(await json('DELETE', `${builds(slug)}/${number}`)),
    startBuild: (slug, path, query = {}) => start(pathOf(slug, path, query)),
    ask: (slug, method, path, query = {}, body) => json(method, pathOf(slug, path, query), body),
    explainStage: async (slug, number, stage) => {
      const raw = await json('GET', `${builds(slug)}/${number}/stages/${stage}/explain`)
      return { wait: readWait(raw), raw }
    },
    operate: (path, method = 'GET', body) => json(method, path, body),
    hasLog: async (slug, { build: number, stage, step }, signal) => {
      const path = `${builds(slug)}/${number}/logs/${stage}/${step}`
      const both = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
      try {
        // One array of all lines, however many: only its head is of interest.
        await (await call('GET', path, { signal: both })).body?.cancel()
        return true
      } catch (error) {
        if (isWaggleError(error, 'not_found')) return false
        throw error
      }
    },
    followLog: async function* (slug, { build: number, stage, step }, from, signal) {
      const path = `/api/stream/${slugPath(slug)}/${number}/${stage}/${step}`
      const answer = await request(base, options.token, 'GET', path, {
        signal,
        headers: from > 0 ? { 'last-event-id': String(from - 1) } : {},
      })
      for await (const event of readEvents(answer.body)) {
        if (event.name === 'error') return
        const line = readLine(parse(event.data))
        // A server without resuming starts again.
        if (line.pos >= from) yield line
      }
      throw unavailable('stream_broken', 'the stream of the log broke off')
    },
    followChanges: async function* (slug, signal) {
      const answer = await call('GET', `/api/stream/${slugPath(slug)}`, { signal })
      for await (const event of readEvents(answer.body)) {
        if (event.name === 'error') return
        yield
      }
    },
  }
}

const request = async (
  base: string,
  token: string | undefined,
  method: string,
  path: string,
  more: {
    readonly body?: unknown
    readonly signal?: AbortSignal
    readonly headers?: Readonly<Record<string, string>>
  },
): Promise<Response> => {
  const answer = await fetch(base + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(more.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...more.headers,
    },
    // A redirect would carry the token to another place.
    redirect: 'manual',
    ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
    ...(more.signal ? { signal: more.signal } : {}),
  }).catch((cause: unknown) => {
    if (more.signal?.aborted && (more.signal.reason as Error | undefined)?.name !== 'TimeoutError')
      throw cause
    throw away(base, cause)
  })
  if (answer.ok) return answer
  const said = await answer.text().catch(() => '')
  throw failureOf(answer.status, messageOf(said), method, path)
}

const failureOf = (status: number, said: string, method: string, path: string): WaggleError => {
  const text = said === '' ? `${method} ${path} was answered with ${status}` : said
  const more = { fields: { status } }
  if (status === 401) return denied('unauthorized', `${text} (set WAGGLE_TOKEN, or --token)`, more)
  if (status === 403) return denied('forbidden', text, more)
  if (status === 404) return notFound('not_found', said === '' ? `${path} not found` : text, more)
  if (status === 409) return conflict('conflict', text, more)
  if (status === 429 || status === 502 || status === 503 || status === 504)
    return unavailable('server_busy', text, more)
  if (status >= 500) return internal('server_error', text, more)
  return invalid('refused', text, more)
}

const messageOf = (body: string): string => {
  const message = (parse(body) as { message?: unknown } | null)?.message
  return typeof message === 'string' ? message : ''
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const away = (base: string, cause: unknown): WaggleError => {
  const inner = cause instanceof Error ? ((cause.cause as Error | undefined) ?? cause) : undefined
  const why = inner?.message ?? String(cause)
  return unavailable(
    'server_away',
    `no answer from ${base}: ${why || 'connection failed'} (set WAGGLE_SERVER_URL, or --server)`,
    { cause },
  )
}

const pathOf = (slug: string, path: string, query: Query): string => {
  const text = new URLSearchParams(query).toString()
  return `/api/repos/${slugPath(slug)}/${path}${text === '' ? '' : `?${text}`}`
}

/** A header is percent-encoded where its text is not ASCII. */
const decoded = (text: string): string => {
  try {
    return decodeURI(text)
  } catch {
    return text
  }
}

const slugPath = (slug: string): string => {
  const parts = slug.split('/')
  if (parts.length !== 2 || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw invalid('bad_slug', `"${slug}" is not OWNER/NAME`)
  return parts.map(encodeURIComponent).join('/')
}
