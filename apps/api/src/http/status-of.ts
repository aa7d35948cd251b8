import { type ErrorKind, WaggleError } from '@waggle/domain'

/** The one table from the kind of a failure to an HTTP status. A trouble that passes is 503, never 500: callers give
 *  up on 500 and come back on 503 (runner-rpc.md §2). */
const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  denied: 403,
  not_found: 404,
  conflict: 409,
  unavailable: 503,
  timeout: 503,
  cancelled: 503,
  internal: 500,
}

export interface Failure {
  readonly status: number
  readonly message: string
}

/** Status and text of a failed request. What nobody foresaw is 500, and its text stays in the log. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof HttpError) return { status: error.status, message: error.message }
  if (error instanceof WaggleError) {
    const status = statusOfKind[error.kind]
    return { status, message: status === 500 ? 'Internal Server Error' : error.message }
  }
  return { status: 500, message: 'Internal Server Error' }
}

/** A refusal that is only about HTTP: credentials, paths, bodies. */
export class HttpError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'HttpError'
    this.status = status
  }
}

export const unauthorized = (): HttpError => new HttpError(401, 'Unauthorized')
export const forbidden = (): HttpError => new HttpError(403, 'Forbidden')
export const missing = (): HttpError => new HttpError(404, 'Not Found')
export const badRequest = (message: string): HttpError => new HttpError(400, message)
