import {
  conflict,
  internal,
  invalid,
  isWaggleError,
  notFound,
  unavailable,
  type WaggleError,
} from '@waggle/domain'

/** The one place where errors of the two drivers become ours. Decided by codes, never by texts.
 *  `conflictCode`: what a unique violation means for the statement. */
export const translateError = (error: unknown, conflictCode = 'row_exists'): WaggleError => {
  if (isWaggleError(error)) return error
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown }
  if (typeof errcode === 'number') return fromSqlite(errcode, error, conflictCode)
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code))
    return fromPostgres(code, error, conflictCode)
  return isMistake(error) ? broken(error) : away(error)
}

/** Our own mistake. What else comes without an SQL state is the connection: node-postgres gives its errors with a
 *  system's code or with none at all. */
const isMistake = (error: unknown): boolean =>
  !(error instanceof Error) ||
  error instanceof TypeError ||
  error instanceof RangeError ||
  error instanceof ReferenceError

/** Transactions that PostgreSQL asks to repeat: serialization failure, deadlock. */
export const isRetryable = (error: unknown): boolean => {
  const code = sqlState(error)
  return code === '40001' || code === '40P01'
}

/** Whether the connection itself is gone or in doubt, so that it must not be used again. */
export const isConnectionLost = (error: unknown): boolean => {
  const code = sqlState(error)
  if (code === '') return !isMistake(error)
  return code.startsWith('08') || code.startsWith('57P') || code === '25P03'
}

const sqlState = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : ''
}

const away = (cause: unknown): WaggleError =>
  unavailable(
    'database_unavailable',
    'The database does not answer: start it, or set WAGGLE_DATABASE_URL.',
    { cause },
  )

const exists = (code: string, cause: unknown): WaggleError =>
  conflict(code, 'A row with this key exists already.', { cause })

const orphan = (cause: unknown): WaggleError =>
  notFound('parent_not_found', 'What this row belongs to does not exist.', { cause })

const unfit = (cause: unknown): WaggleError =>
  invalid('value_not_storable', 'A value does not fit its column.', { cause })

const full = (cause: unknown): WaggleError =>
  unavailable('disk_full', 'The disk of the database is full: make room.', { cause })

const broken = (cause: unknown): WaggleError =>
  internal('database_error', 'The database refused a statement.', { cause })

const fromSqlite = (errcode: number, cause: unknown, conflictCode: string): WaggleError => {
  if (errcode === 2067 || errcode === 1555) return exists(conflictCode, cause)
  if (errcode === 787) return orphan(cause)
  if (errcode === 3091 || errcode === 1299) return unfit(cause)
  switch (errcode & 0xff) {
    case 5:
    case 6:
      return unavailable(
        'database_locked',
        'The database is locked by another process: end that one; this one goes on by itself then.',
        { cause },
      )
    case 13:
      return full(cause)
    case 8:
    case 10:
    case 14:
      return unavailable('database_unavailable', 'The database file cannot be read or written.', {
        cause,
      })
    case 18:
    case 25:
      return unfit(cause)
    case 11:
    case 26:
      return internal('database_corrupt', 'The database file is damaged.', { cause })
    default:
      return broken(cause)
  }
}

const fromPostgres = (code: string, cause: unknown, conflictCode: string): WaggleError => {
  if (code === '23505') return exists(conflictCode, cause)
  if (code === '23503') return orphan(cause)
  if (code === '53100') return full(cause)
  // 57014: the statement's time was over; 25006: a standby that was not promoted yet; 55P03: lock not available.
  if (['57014', '25006', '25P03', '55P03', '40001', '40P01'].includes(code)) return away(cause)
  switch (code.slice(0, 2)) {
    case '08':
    case '53':
    case '57':
    case '58':
      return away(cause)
    case '22':
    case '54':
      return unfit(cause)
    case '23':
      return code === '23502' ? unfit(cause) : broken(cause)
    case '28':
    case '3D':
      return unavailable(
        'database_refused',
        'The database refuses the login or has no such database: see WAGGLE_DATABASE_URL.',
        {
          cause,
        },
      )
    default:
      return broken(cause)
  }
}
