import type { IncomingHttpHeaders } from 'node:http'
import type { Logger, Repo, User, WorkerRecord } from '@waggle/domain'
import { type JsonBody, parseJsonBody, toRecord } from './json-body.ts'
import { badRequest } from './status-of.ts'

/** One request, as a route sees it. */
export interface Call {
  readonly id: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: Buffer
  readonly user: User | null
  readonly repo: Repo | null
  readonly worker: WorkerRecord | null
  readonly log: Logger
  /** Fires when the caller went away. */
  readonly signal: AbortSignal
}

export const header = (call: Call, name: string): string => {
  const value = call.headers[name]
  return typeof value === 'string' ? value : ''
}

/** A parameter of the query or else of a form (rest-api.md §3.5). */
export const parameter = (call: Call, name: string): string =>
  call.query.get(name) ?? form(call).get(name) ?? ''

/** Every parameter but the reserved ones, the first value of each (rest-api.md §7.3). */
export const freeParameters = (
  call: Call,
  reserved: readonly string[],
): Readonly<Record<string, string>> => {
  const seen = new Map<string, string>()
  for (const source of [call.query, form(call)])
    for (const [name, value] of source) if (!seen.has(name)) seen.set(name, value)
  for (const name of ['access_token', ...reserved]) seen.delete(name)
  return toRecord('parameter', [...seen])
}

const form = (call: Call): URLSearchParams =>
  header(call, 'content-type').startsWith('application/x-www-form-urlencoded')
    ? new URLSearchParams(call.body.toString('utf8'))
    : new URLSearchParams()

export const jsonBody = (call: Call): JsonBody => parseJsonBody(call.body)

/** A positive whole number of the path. */
export const pathNumber = (call: Call, name: string): number => {
  const given = call.params[name] ?? ''
  if (!/^\d{1,15}$/.test(given)) throw badRequest(`Invalid ${name} number`)
  return Number(given)
}

/** Paging of lists (rest-api.md §3.7). A size outside of its range means the default, it is not clamped. */
export const page = (call: Call, maximum: number): { offset: number; limit: number } => {
  const wanted = wholeNumber(parameter(call, 'per_page'))
  const limit = wanted >= 1 && wanted <= maximum ? wanted : 25
  const number = Math.max(1, wholeNumber(parameter(call, 'page')))
  return { offset: (number - 1) * limit, limit }
}

const wholeNumber = (given: string): number => (/^\d{1,9}$/.test(given) ? Number(given) : 0)
