import { type ErrorKind, isWaggleError } from '@waggle/domain'

/** Exit codes of the command line. The one table from an error's kind to a code. */
export const exitCodes = {
  ok: 0,
  /** A build, or a pipeline run here, did not pass. */
  buildFailed: 1,
  /** Wrong arguments, settings, or a pipeline file with mistakes. */
  usage: 2,
  denied: 3,
  notFound: 4,
  conflict: 5,
  unavailable: 6,
  timeout: 7,
  internal: 8,
  /** Ctrl-C. */
  cancelled: 130,
} as const

const ofKind: Readonly<Record<ErrorKind, number>> = {
  invalid: exitCodes.usage,
  denied: exitCodes.denied,
  not_found: exitCodes.notFound,
  conflict: exitCodes.conflict,
  unavailable: exitCodes.unavailable,
  timeout: exitCodes.timeout,
  cancelled: exitCodes.cancelled,
  internal: exitCodes.internal,
}

export const exitCodeOf = (error: unknown): number =>
  isWaggleError(error) ? ofKind[error.kind] : exitCodes.internal

/** Text for `--help`. */
export const exitCodeHelp = `Exit codes: 0 ok, 1 the build failed, 2 usage or a mistake in the file, 3 not allowed,
4 not found, 5 conflict, 6 the server does not answer, 7 timeout, 8 internal, 130 interrupted.`
