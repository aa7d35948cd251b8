import { execFileSync } from 'node:child_process'
import { DatabaseSync } from 'node:sqlite'
import { type Database, silentLogger } from '@waggle/domain'
import { openPostgres, openSqlite } from '@waggle/store'
import type { TestPostgres } from '@waggle/testkit'

/** A database of its own, with a way past its stores for what would take too long through them. */
export interface BenchDatabase {
  readonly kind: 'sqlite' | 'postgres'
  readonly database: Database
  readonly run: (statement: string) => void
  readonly columns: (table: string) => readonly string[]
}

export const openBenchPostgres = async (postgres: TestPostgres): Promise<BenchDatabase> => {
  const url = await postgres.createDatabase()
  const query = (statement: string) =>
    execFileSync('psql', [url, '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', statement], {
      encoding: 'utf8',
    })
  return {
    kind: 'postgres',
    database: await openPostgres({ url, poolSize: 10, log: silentLogger }),
    run: query,
    columns: (table) =>
      query(`select column_name from information_schema.columns where table_name = '${table}'`)
        .split('\n')
        .filter(Boolean),
  }
}

export const openBenchSqlite = async (path: string): Promise<BenchDatabase> => {
  const database = await openSqlite({ path, log: silentLogger })
  const withFile = <T>(work: (file: DatabaseSync) => T): T => {
    const file = new DatabaseSync(path, { timeout: 30_000 })
    try {
      return work(file)
    } finally {
      file.close()
    }
  }
  return {
    kind: 'sqlite',
    database,
    run: (statement) => withFile((file) => file.exec(statement)),
    columns: (table) =>
      withFile((file) =>
        file
          .prepare(`select name from pragma_table_info('${table}')`)
          .all()
          .map((row) => String(row['name'])),
      ),
  }
}
