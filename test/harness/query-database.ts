import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { System } from './start-system.ts'

/** Rows of a query to PostgreSQL, each as its columns' texts. */
export const queryPostgres = (url: string, query: string): readonly (readonly string[])[] => {
  const text = execFileSync('psql', [url, '-At', '-F', '\t', '-c', query], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return text
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => row.split('\t'))
}

/** Rows of a query to the system's database, read past every process of Waggle. */
export const queryDatabase = (system: System, query: string): readonly (readonly string[])[] => {
  if (system.postgres !== null) return queryPostgres(system.postgres.url, query)
  const folder = join(system.folder, 'api-1')
  const file = readdirSync(folder).find((name) => /\.(db|sqlite)$/.test(name))
  const database = new DatabaseSync(join(folder, file ?? 'waggle.db'), {
    readOnly: true,
    timeout: 10_000,
  })
  try {
    const rows = database.prepare(query).all() as Record<string, unknown>[]
    return rows.map((row) => Object.values(row).map(String))
  } finally {
    database.close()
  }
}
