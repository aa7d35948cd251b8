import { Buffer } from 'node:buffer'
import { internal, type Logger } from '@waggle/domain'

/** How one field of a noun lies in its column. */
export interface Field<T> {
  readonly read: (cell: unknown) => T
  readonly write: (value: T) => unknown
}

/** A noun's fields and their columns: one place says how a row becomes a domain object and back. */
export interface Noun<T> {
  readonly name: string
  /** In the words of the domain; Kysely turns them into snake case. */
  readonly columns: readonly (keyof T & string)[]
  /** Throws `internal` `row_unreadable`. */
  readonly read: (row: unknown) => T
  /** The rows that can be read. One that cannot is logged and left out, so that a single bad row stops neither a
   *  list nor a timer that works through it (threats.md T-47). */
  readonly readAll: (rows: readonly unknown[], log: Logger) => readonly T[]
  /** Cells of the fields that are given. */
  readonly write: (value: Partial<T>) => Readonly<Record<string, never>>
}

export const noun = <T extends object>(
  name: string,
  fields: { readonly [K in keyof T]-?: Field<T[K]> },
): Noun<T> => {
  const entries = Object.entries(fields as Record<string, Field<unknown>>).map(
    ([key, field]) => [key, snakeCase(key), field] as const,
  )
  const read = (row: unknown): T => {
    const cells = row as Record<string, unknown>
    const value: Record<string, unknown> = {}
    for (const [key, column, field] of entries) {
      try {
        value[key] = field.read(cells[column])
      } catch (cause) {
        throw internal('row_unreadable', `A stored ${name} cannot be read: column ${column}.`, {
          fields: { column, id: cells['id'] },
          cause,
        })
      }
    }
    return value as T
  }
  return {
    name,
    columns: entries.map(([key]) => key as keyof T & string),
    read,
    readAll: (rows, log) =>
      rows.flatMap((row) => {
        try {
          return [read(row)]
        } catch (err) {
          log.error('stored row unreadable', { name, err })
          return []
        }
      }),
    write: (value) => {
      const cells: Record<string, unknown> = {}
      for (const [key, given] of Object.entries(value)) {
        const field = (fields as Record<string, Field<unknown>>)[key]
        if (field && given !== undefined) cells[key] = field.write(given)
      }
      return cells as never
    },
  }
}

const snakeCase = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const same = (value: unknown): unknown => value

const typed = <T>(type: string): Field<T> => ({
  read: (cell) => {
    if (typeof cell !== type) throw new TypeError(`${typeof cell} instead of ${type}`)
    return cell as T
  },
  write: same,
})

export const text = typed<string>('string')
export const int = typed<number>('number')

export const flag: Field<boolean> = { read: (cell) => cell === true || cell === 1, write: same }

/** One of a closed list of words. */
export const word = <W extends string>(words: readonly W[]): Field<W> => ({
  read: (cell) => {
    if (!words.includes(cell as W)) throw new TypeError(`unknown word ${String(cell)}`)
    return cell as W
  },
  write: same,
})

export const bytes: Field<Uint8Array> = {
  read: (cell) => asBuffer(cell),
  write: same,
}

export const bytesOrNull: Field<Uint8Array | null> = {
  read: (cell) => (cell === null || cell === undefined ? null : asBuffer(cell)),
  write: same,
}

export const asBuffer = (cell: unknown): Buffer => {
  if (Buffer.isBuffer(cell)) return cell
  if (!(cell instanceof Uint8Array)) throw new TypeError('no bytes')
  return Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength)
}

const json = <T>(isRight: (value: unknown) => boolean): Field<T> => ({
  read: (cell) => {
    const value: unknown = JSON.parse(cell as string)
    if (!isRight(value)) throw new TypeError('unexpected JSON')
    return value as T
  },
  write: (value) => JSON.stringify(value),
})

export const textList = json<readonly string[]>(
  (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
)

export const textMap = json<Readonly<Record<string, string>>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === 'string'),
)

export const record = <T>(isRight: (value: Record<string, unknown>) => boolean): Field<T> =>
  json<T>(
    (value) =>
      typeof value === 'object' && value !== null && isRight(value as Record<string, unknown>),
  )
