import { DatabaseSync } from 'node:sqlite'
import { openPsql } from './open-psql.ts'

/** The database past the stores: what is compared is not read by the code that is tested. */
export interface RawDatabase {
  /** Runs the statements in one transaction. */
  change(statements: string): Promise<void>
  /** Builds, stages, attempts and steps, a line for each row. */
  rows(): Promise<readonly string[]>
  close(): void
}

export const openRaw = (path: string, url: string): RawDatabase =>
  url === '' ? openFile(path) : openServer(url)

/** The same text on both databases. */
const everyRow = `
select line from (
  select 1 as part, id as a, 0 as b, 'build ' || id || ' ' || status as line from builds
  union all
  select 2, id, 0, 'stage ' || id || ' ' || status || ' attempt ' || attempt
    || case when is_held then ' held' when status = 'pending' and is_limited then ' held back' else '' end
    from stages
  union all
  select 3, stage_id, number, 'attempt ' || stage_id || '-' || number || ' ' || state || ' ' || "end" from attempts
  union all
  select 4, stage_id, number, 'step ' || stage_id || '-' || number || ' ' || status from steps
) as lines order by part, a, b`

const openFile = (path: string): RawDatabase => {
  const database = new DatabaseSync(path)
  database.exec('pragma foreign_keys = on; pragma synchronous = off; pragma busy_timeout = 5')
  database.exec('pragma temp_store = memory')
  const rows = database.prepare(everyRow)
  return {
    change: async (statements) => {
      for (let tries = 0; ; tries++) {
        try {
          database.exec(`begin immediate; ${statements}; commit`)
          return
        } catch (error) {
          if (database.isTransaction) database.exec('rollback')
          // Some twenty seconds: a busy machine is slow to commit.
          if (tries > 4_000) throw error
          // The write queue has a transaction open across turns of the event loop.
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    },
    rows: async () => (rows.all() as { line: string }[]).map(({ line }) => line),
    close: () => database.close(),
  }
}

const openServer = (url: string): RawDatabase => {
  const psql = openPsql(url)
  return {
    change: async (statements) => {
      await psql.run(`begin; ${statements}; commit;`)
    },
    rows: () => psql.run(`${everyRow};`),
    close: () => psql.close(),
  }
}
