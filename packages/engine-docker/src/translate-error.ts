import { type ErrorKind, unavailable, WaggleError } from '@waggle/domain'

/** The engine answered, and refused. `fields.status` is its HTTP status. */
export const refusedByEngine = (status: number, message: string): WaggleError =>
  new WaggleError(withoutExtraInfo(message) || `the container engine answered ${status}`, {
    kind: kindOf(status),
    code: 'engine_refused',
    fields: { status },
  })

/** The engine did not answer, or broke off while it did. */
export const engineAway = (cause: unknown): WaggleError =>
  unavailable('engine_unavailable', `the container engine does not answer: ${textOf(cause)}`, {
    cause,
  })

/** HTTP status of a refusal; 0 where the error is none. */
export const statusOf = (error: unknown): number =>
  error instanceof WaggleError && error.code === 'engine_refused' ? Number(error.fields.status) : 0

export const isEngineAway = (error: unknown): boolean =>
  error instanceof WaggleError && error.code === 'engine_unavailable'

/** What follows `extra info:` can hold the container's environment (pipeline.md §13.4). */
const withoutExtraInfo = (text: string): string => {
  const cut = text.toLowerCase().indexOf('extra info:')
  return (cut < 0 ? text : text.slice(0, cut)).trim().slice(0, 2_000)
}

const kindOf = (status: number): ErrorKind => {
  if (status === 400) return 'invalid'
  if (status === 401 || status === 403) return 'denied'
  if (status === 404) return 'not_found'
  if (status === 409) return 'conflict'
  return 'internal'
}

export const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = (error as NodeJS.ErrnoException).code
  return error.message || code || error.name
}
