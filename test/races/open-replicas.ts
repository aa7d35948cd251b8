import type { ControlDeps } from '@waggle/control'
import { type Database, silentLogger, type Timers } from '@waggle/domain'
import { openPublisher, openSignals } from '@waggle/queue'
import { openPostgres } from '@waggle/store'
import { openControl, type TestControl } from '../integration/open-control.ts'

/** Several API processes as far as deciding goes: each with its own connections to one database and one Redis. On
 *  SQLite, which one process holds for itself, they share its handle. */
export interface Replicas {
  readonly control: TestControl
  readonly all: readonly [ControlDeps, ControlDeps, ControlDeps]
  close(): Promise<void>
}

export const openReplicas = async (
  database: 'sqlite' | 'postgres',
  timers: Partial<Timers> = {},
): Promise<Replicas> => {
  const control = await openControl({ database, timers })
  const opened: { close(): Promise<void> }[] = []
  const another = async (): Promise<ControlDeps> => {
    const { deps, redis } = control
    const connection = { redis: { url: redis.url, prefix: '{test}' }, log: silentLogger }
    const offers = await openPublisher({ ...connection, timers: deps.timers })
    const signals = await openSignals(connection)
    opened.push(offers, signals)
    return { ...deps, offers, signals, database: await handle() }
  }
  const handle = async (): Promise<Database> => {
    if (database === 'sqlite') return control.database
    const own = await openPostgres({ url: control.databaseUrl, poolSize: 10, log: silentLogger })
    opened.push(own)
    return own
  }
  return {
    control,
    all: [control.deps, await another(), await another()],
    close: async () => {
      for (const one of opened) await one.close()
      await control.close()
    },
  }
}
