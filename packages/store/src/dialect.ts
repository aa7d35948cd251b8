import {
  CamelCasePlugin,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import type { Schema } from './schema.ts'

/** Where the two databases differ; everything else is written once. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  /** Builds and compiles queries; never runs them (see `query.ts`). */
  readonly db: Kysely<Schema>
  /** The database's clock in milliseconds, read anew by every statement: a transaction's own start time would
   *  make a lease look older than it is. */
  readonly now: RawBuilder<number>
  /** The same, but once per statement, so that columns set together are equal. */
  readonly stamp: RawBuilder<number>
  /** The column is one of a list given as one parameter, so that the statement's text stays the same. */
  readonly anyInt: (column: string, list: readonly number[]) => RawBuilder<boolean>
  readonly anyText: (column: string, list: readonly string[]) => RawBuilder<boolean>
  /** No list (null) was given. */
  readonly isAbsent: (
    value: unknown,
    type: 'text' | 'bigint' | 'boolean' | 'text[]',
  ) => RawBuilder<boolean>
  /** Pairs of integers, given as two lists of one length. */
  readonly anyPair: (
    columns: readonly [string, string],
    firsts: readonly number[],
    seconds: readonly number[],
  ) => RawBuilder<boolean>
  /** Whether `select … for no key update` is needed and known. SQLite has one writer at a time. Not `for update`: a
   *  second update of a row in one transaction asks for the key of the row above, which would wait for that lock. */
  readonly hasRowLocks: boolean
  /** What the driver takes for a value. */
  readonly cell: (value: unknown) => unknown
}

// PostgreSQL's text cannot hold NUL; both databases keep the same text instead.
const cleanText = (text: string): string =>
  text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  db: new Kysely<Schema>({
    dialect: {
      createDriver: () => new DummyDriver(),
      createAdapter: () => new SqliteAdapter(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    plugins: [new CamelCasePlugin()],
  }),
  now: sql<number>`cast(round(unixepoch('subsec') * 1000) as integer)`,
  stamp: sql<number>`cast(round(unixepoch('subsec') * 1000) as integer)`,
  anyInt: (column, list) =>
    sql<boolean>`${sql.ref(column)} in (select value from json_each(${list}))`,
  anyText: (column, list) =>
    sql<boolean>`${sql.ref(column)} in (select value from json_each(${list}))`,
  isAbsent: (value) => sql<boolean>`${value} is null`,
  anyPair: ([first, second], firsts, seconds) =>
    sql<boolean>`(${sql.ref(first)}, ${sql.ref(second)}) in (select a.value, b.value from json_each(${firsts}) a join json_each(${seconds}) b on a.key = b.key)`,
  hasRowLocks: false,
  cell: (value) => {
    if (typeof value === 'boolean') return value ? 1 : 0
    if (typeof value === 'string') return cleanText(value)
    return Array.isArray(value) ? JSON.stringify(value) : value
  },
}

export const postgresDialect: Dialect = {
  name: 'postgres',
  db: new Kysely<Schema>({
    dialect: {
      createDriver: () => new DummyDriver(),
      createAdapter: () => new PostgresAdapter(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    plugins: [new CamelCasePlugin()],
  }),
  now: sql<number>`round(extract(epoch from clock_timestamp()) * 1000)::bigint`,
  stamp: sql<number>`round(extract(epoch from statement_timestamp()) * 1000)::bigint`,
  anyInt: (column, list) => sql<boolean>`${sql.ref(column)} = any(${list}::bigint[])`,
  anyText: (column, list) => sql<boolean>`${sql.ref(column)} = any(${list}::text[])`,
  isAbsent: (value, type) => sql<boolean>`${value}::${sql.raw(type)} is null`,
  anyPair: ([first, second], firsts, seconds) =>
    sql<boolean>`(${sql.ref(first)}, ${sql.ref(second)}) in (select * from unnest(${firsts}::bigint[], ${seconds}::bigint[]))`,
  hasRowLocks: true,
  cell: (value) => {
    if (typeof value === 'string') return cleanText(value)
    return Array.isArray(value)
      ? value.map((item) => (typeof item === 'string' ? cleanText(item) : item))
      : value
  },
}
