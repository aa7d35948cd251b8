import { isWaggleError } from '@waggle/domain'

/** A repository that is not there, not allowed or not reachable is shown to its user. */
export const isUsersMistake = (error: unknown): boolean =>
  isWaggleError(error, 'invalid') ||
  isWaggleError(error, 'denied') ||
  isWaggleError(error, 'not_found') ||
  isWaggleError(error, 'timeout') ||
  isWaggleError(error, 'unavailable')
