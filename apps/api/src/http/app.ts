import { randomUUID } from 'node:crypto'
import type { Logger } from '@waggle/domain'
import type { Metrics } from '@waggle/telemetry'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import type { Call } from './call.ts'
import { type Caller, credentialOf, guard, type Identities } from './guard.ts'
import { apiHeaders } from './headers.ts'
import { permissions, type Route } from './route.ts'
import { isSafePath } from './safe-path.ts'
import { sendError, sendReply } from './send.ts'
import { HttpError } from './status-of.ts'

export interface AppOptions {
  readonly routes: readonly Route[]
  readonly identities: Identities
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'countRequest'>
  /** Fires when the server closes: streams end then. */
  readonly closing: AbortSignal
}

/** The HTTP side: one list of routes, each with its permission. Throws where a route has none (threats.md T-78). */
export const createApp = (options: AppOptions): Express => {
  checkRoutes(options.routes)
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  app.set('query parser', false)
  app.use(normalisePath)
  app.use(browserHeaders())
  app.use(noteRequest(options))
  app.use('/api', apiHeaders)
  // Routes are tried one after the other: workers, who make most of the calls, do not walk past all others.
  const ofWorkers = options.routes.filter((each) => each.path.startsWith(workerPrefix))
  app.use(workerPrefix, router(options, ofWorkers, workerPrefix))
  app.use(
    router(
      options,
      options.routes.filter((each) => !ofWorkers.includes(each)),
      '',
    ),
  )
  app.use((_request, response) => {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
    response.end('404 page not found\n')
  })
  app.use(failed(options.log))
  return app
}

const workerPrefix = '/rpc'

const router = (options: AppOptions, routes: readonly Route[], prefix: string): express.Router => {
  const made = express.Router({ caseSensitive: true, strict: true })
  for (const each of routes) {
    const verb = each.method.toLowerCase() as Lowercase<Route['method']>
    // Who may not call does not get a body read either.
    const body = each.bodyLimitBytes > 0 ? [readBody(each)] : []
    const path = each.path.slice(prefix.length)
    made[verb](path, admit(options, each), ...body, answer(options, each))
  }
  for (const path of new Set(routes.map((each) => each.path.slice(prefix.length))))
    made.all(path, (_request, response) => void response.writeHead(405).end())
  return made
}

/** Headers for browsers. Workers, who make most of the calls, do without. */
const browserHeaders = (): RequestHandler => {
  const set = helmet({
    // People reach the server by plain http too, so nothing may force them off it.
    strictTransportSecurity: false,
    frameguard: { action: 'deny' },
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
  })
  return (request, response, next) =>
    request.url.startsWith('/rpc/') ? next() : set(request, response, next)
}

const checkRoutes = (routes: readonly Route[]): void => {
  const seen = new Set<string>()
  for (const { method, path, permission } of routes) {
    const name = `${method} ${path}`
    if (!permissions.includes(permission)) throw new Error(`route ${name} declares no permission`)
    if (seen.has(name)) throw new Error(`route ${name} is declared twice`)
    seen.add(name)
  }
}

/** Routing and permissions see one spelling of a path: slashes at its end do not count, odd spellings are refused. */
const normalisePath: RequestHandler = (request, response, next) => {
  const at = request.url.indexOf('?')
  const path = at < 0 ? request.url : request.url.slice(0, at)
  const trimmed = path.replace(/\/{1,2}$/, '') || '/'
  if (!isSafePath(trimmed)) {
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"message":"Bad path"}\n')
    return
  }
  request.url = trimmed + (at < 0 ? '' : request.url.slice(at))
  next()
}

const noteRequest =
  ({ log, metrics }: AppOptions): RequestHandler =>
  (request, response, next) => {
    const startedAt = performance.now()
    const id = request.get('x-request-id') ?? ''
    response.locals['id'] = /^[\w.:/+=-]{1,200}$/.test(id) ? id : randomUUID()
    // Without the query: it may hold what is nobody's business.
    const path = request.path.slice(0, 300)
    response.once('close', () => {
      metrics.countRequest(request.method, response.statusCode)
      log.debug('request answered', {
        'request.id': response.locals['id'] as string,
        'request.method': request.method,
        'request.path': path,
        'request.status': response.statusCode,
        durationMs: Math.round(performance.now() - startedAt),
      })
    })
    next()
  }

// The bytes as they came, whatever their type: signatures are over them. Nothing is unpacked.
const readBody = (each: Route): RequestHandler =>
  express.raw({ type: () => true, limit: each.bodyLimitBytes, inflate: false })

const admit =
  ({ identities }: AppOptions, { permission }: Route): RequestHandler =>
  async (request, response, next) => {
    const credential = credentialOf(request.headers.authorization)
    const params = request.params as Record<string, string>
    response.locals['caller'] = await guard(identities, permission, credential, params)
    next()
  }

const answer =
  ({ log, closing }: AppOptions, each: Route): RequestHandler =>
  async (request, response) => {
    const gone = new AbortController()
    // An abort makes an error with a stack: not for each call that simply ended.
    response.once('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    const at = request.url.indexOf('?')
    const id = response.locals['id'] as string
    const call: Call = {
      id,
      method: request.method,
      headers: request.headers,
      params: request.params as Record<string, string>,
      query: new URLSearchParams(at < 0 ? '' : request.url.slice(at)),
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      ...(response.locals['caller'] as Caller),
      log: log.child({ 'request.id': id }),
      signal: gone.signal,
    }
    const reply = await each.handle(call)
    await sendReply(response, reply, () => AbortSignal.any([gone.signal, closing]))
  }

const failed =
  (log: Logger): ErrorRequestHandler =>
  (error: unknown, request, response, _next) => {
    const told = { 'request.id': response.locals['id'] as string, 'request.path': request.path }
    sendError(response, bodyError(error), log.child(told))
  }

/** Errors of the body's parser, in our words. */
const bodyError = (error: unknown): unknown => {
  const type = (error as { type?: unknown } | null)?.type
  switch (type) {
    case 'entity.too.large': {
      const { limit } = error as { limit?: unknown }
      return new HttpError(413, `body is larger than ${String(limit)} bytes`)
    }
    case 'encoding.unsupported':
      return new HttpError(415, 'body must not be compressed')
    case 'request.aborted':
    case 'request.size.invalid':
      return new HttpError(400, 'body ended early')
    default:
      return error
  }
}
