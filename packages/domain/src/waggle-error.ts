/** Why the system failed. Three tables map a kind to an HTTP status (api), to an exit code (cli) and to
 *  retry-or-fail (queue consumer); nothing else decides on it. */
export type ErrorKind =
  | 'invalid'
  | 'denied'
  | 'not_found'
  | 'conflict'
  | 'unavailable'
  | 'timeout'
  | 'cancelled'
  | 'internal'

export interface WaggleErrorOptions {
  readonly kind: ErrorKind
  /** Closed word for machines, such as `lease_lost`. */
  readonly code: string
  readonly fields?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The system failing. A user's mistake and a failing step are data, never this. */
export class WaggleError extends Error {
  readonly kind: ErrorKind
  readonly code: string
  readonly fields: Readonly<Record<string, unknown>>

  constructor(message: string, options: WaggleErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.kind = options.kind
    this.code = options.code
    this.fields = options.fields ?? {}
  }
}

const fail =
  (kind: ErrorKind) =>
  (
    code: string,
    message: string,
    more: { fields?: Record<string, unknown>; cause?: unknown } = {},
  ) =>
    new WaggleError(message, { kind, code, ...more })

export const invalid = fail('invalid')
export const denied = fail('denied')
export const notFound = fail('not_found')
export const conflict = fail('conflict')
export const unavailable = fail('unavailable')
export const timedOut = fail('timeout')
export const cancelled = fail('cancelled')
export const internal = fail('internal')

export const isWaggleError = (error: unknown, kind?: ErrorKind): error is WaggleError =>
  error instanceof WaggleError && (kind === undefined || error.kind === kind)
