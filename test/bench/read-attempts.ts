import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { System } from '../harness/start-system.ts'

/** When each stage was made and when it was accepted, in milliseconds, from the database's own columns. */
export const readAttempts = (
  system: System,
): readonly {
  readonly createdAt: number
  readonly acceptedAt: number
  readonly stoppedAt: number
}[] => {
  const query =
    'SELECT s.created_at, a.accepted_at, s.stopped_at FROM attempts a JOIN stages s ON s.id = a.stage_id ORDER BY s.id'
  if (system.postgres !== null) {
    const text = execFileSync('psql', [system.postgres.url, '-At', '-F', ',', '-c', query], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    })
    return text
      .trim()
      .split('\n')
      .map((row) => row.split(',').map(Number))
      .map(([createdAt = 0, acceptedAt = 0, stoppedAt = 0]) => ({
        createdAt,
        acceptedAt,
        stoppedAt,
      }))
  }
  const folder = join(system.folder, 'api-1')
  const file = readdirSync(folder).find((name) => /\.(db|sqlite)$/.test(name))
  const database = new DatabaseSync(join(folder, file ?? 'waggle.db'), { readOnly: true })
  const rows = database.prepare(query).all() as Record<string, number>[]
  database.close()
  return rows.map((row) => ({
    createdAt: row['created_at'] ?? 0,
    acceptedAt: row['accepted_at'] ?? 0,
    stoppedAt: row['stopped_at'] ?? 0,
  }))
}
