import type { Compilable, InsertObject } from 'kysely'
import type { Dialect } from './dialect.ts'
import { type Query, rowsQuery } from './query.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

// Few sizes, so that few texts are compiled and prepared; 64 rows stay far below SQLite's 32,766 parameters.
const sizes = [64, 8, 4, 2, 1]

/** Inserts rows with several of them in each statement; gives them as they were stored, in the order given.
 *  `computed`: what the database adds to each. */
export const insertRows = <P extends object>(
  table: keyof Schema,
  fields: readonly (keyof P & string)[],
  returning: readonly string[],
  conflictCode: string,
  computed: (dialect: Dialect, row: P) => Record<string, unknown> = () => ({}),
): ((session: Session, rows: readonly P[]) => Promise<readonly unknown[]>) => {
  const queries = new Map<number, Query<readonly P[], unknown>>()
  const queryOf = (size: number): Query<readonly P[], unknown> => {
    const known = queries.get(size)
    if (known) return known
    const made = rowsQuery<P, unknown>(
      size,
      fields,
      (dialect, rows) =>
        dialect.db
          .insertInto(table)
          .values(
            rows.map((row) => ({ ...row, ...computed(dialect, row) })) as unknown as InsertObject<
              Schema,
              typeof table
            >[],
          )
          .returning(returning as never) as unknown as Compilable<unknown>,
      conflictCode,
    )
    queries.set(size, made)
    return made
  }
  return async (session, rows) => {
    const parts: Promise<readonly unknown[]>[] = []
    for (let at = 0; at < rows.length; ) {
      const size = sizes.find((size) => size <= rows.length - at) ?? 1
      const part = session.write(queryOf(size), rows.slice(at, at + size))
      parts.push(part)
      // Or ids would not grow in the order of the rows.
      if (!session.isOrdered) await part
      at += size
    }
    return (await Promise.all(parts)).flat()
  }
}
