import { createHash } from 'node:crypto'
import type { Compilable } from 'kysely'
import type { Dialect } from './dialect.ts'

/** A statement that is built and compiled once per dialect, then run with new values each time: building it with
 *  Kysely costs several times more than SQLite takes to run it. */
export interface Query<P, R> {
  compile(dialect: Dialect): Compiled
  /** What a unique violation of this statement means. */
  readonly conflictCode: string
  /** Never set: they carry the types. */
  readonly params?: P
  readonly row?: R
}

export interface Compiled {
  readonly text: string
  /** The same for the same text, so that every connection of every process may prepare it under it. */
  readonly name: string
  readonly fill: (params: unknown) => unknown[]
}

/** Stands in a compiled statement for a value that is known when it runs. */
class Hole {
  readonly path: readonly (string | number)[]
  constructor(...path: readonly (string | number)[]) {
    this.path = path
  }
}

/** `build` is called with holes in place of the parameters, so it may pass them on but not look at them. */
export const query = <P extends object, R>(
  build: (dialect: Dialect, params: P) => Compilable<R>,
  conflictCode = 'row_exists',
): Query<P, R> => {
  const holes = new Proxy({}, { get: (_, key) => new Hole(key as string) }) as P
  return compileOnce((dialect) => build(dialect, holes), conflictCode)
}

/** The same for a list of `count` rows, whose fields are named. */
export const rowsQuery = <P extends object, R>(
  count: number,
  fields: readonly (keyof P & string)[],
  build: (dialect: Dialect, rows: readonly P[]) => Compilable<R>,
  conflictCode = 'row_exists',
): Query<readonly P[], R> => {
  const rows = Array.from(
    { length: count },
    (_, index) => Object.fromEntries(fields.map((field) => [field, new Hole(index, field)])) as P,
  )
  return compileOnce((dialect) => build(dialect, rows), conflictCode)
}

const compileOnce = <P, R>(
  build: (dialect: Dialect) => Compilable<R>,
  conflictCode: string,
): Query<P, R> => {
  const compiled = new Map<string, Compiled>()
  return {
    conflictCode,
    compile(dialect) {
      const known = compiled.get(dialect.name)
      if (known) return known
      const made = compile(dialect, build(dialect))
      compiled.set(dialect.name, made)
      return made
    },
  }
}

const compile = (dialect: Dialect, built: Compilable): Compiled => {
  const { sql: text, parameters } = built.compile()
  return {
    text,
    name: `waggle_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`,
    fill: (params) =>
      parameters.map((parameter) =>
        dialect.cell(parameter instanceof Hole ? follow(params, parameter.path) : parameter),
      ),
  }
}

const follow = (params: unknown, path: readonly (string | number)[]): unknown => {
  let value = params
  for (const key of path) value = (value as Record<string | number, unknown>)[key]
  // An optional field that was left out is NULL, which "coalesce" reads as "keep".
  return value ?? null
}
