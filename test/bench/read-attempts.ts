import { queryDatabase } from '../harness/query-database.ts'
import type { System } from '../harness/start-system.ts'

/** When each stage was made, accepted and ended, in milliseconds, from the database's own columns. */
export const readAttempts = (
  system: System,
): readonly {
  readonly createdAt: number
  readonly acceptedAt: number
  readonly stoppedAt: number
}[] =>
  queryDatabase(
    system,
    'SELECT s.created_at, a.accepted_at, s.stopped_at FROM attempts a JOIN stages s ON s.id = a.stage_id ORDER BY s.id',
  )
    .map((row) => row.map(Number))
    .map(([createdAt = 0, acceptedAt = 0, stoppedAt = 0]) => ({ createdAt, acceptedAt, stoppedAt }))
