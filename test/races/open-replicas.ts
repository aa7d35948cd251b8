import type { ControlDeps } from '@waggle/control'
import { silentLogger, type Timers } from '@waggle/domain'
import { openPostgres } from '@waggle/store'
import { openControl, type TestControl } from '../integration/open-control.ts'
import { openDeps } from '../integration/open-deps.ts'
import { forkReplica } from './fork-replica.ts'
import { type Replica, replicaOf } from './replica.ts'

type Three<T> = readonly [T, T, T]

/** Three API processes on one database and one Redis, as far as deciding goes. */
export interface Replicas {
  readonly control: TestControl
  readonly all: Three<Replica>
  close(): Promise<void>
}

/** On PostgreSQL each is a process of its own. SQLite's file is held by one process alone, so there all calls come to
 *  that one, as they do in production. */
export const openReplicas = async (
  database: 'sqlite' | 'postgres',
  timers: Partial<Timers>,
): Promise<Replicas> => {
  const control = await openControl({ database, timers })
  if (database === 'sqlite') {
    const handles = await withHandles(control)
    const [a, b, c] = handles.all
    return { ...handles, control, all: [replicaOf(a), replicaOf(b), replicaOf(c)] }
  }
  const { databaseUrl, sealKey, folder } = control
  const address = {
    databaseUrl,
    sealKey,
    folder,
    redis: redisOf(control),
    timers: control.deps.timers,
  }
  const start = () => forkReplica(address)
  const [a, b, c] = await Promise.all([start(), start(), start()])
  return {
    control,
    all: [a.replica, b.replica, c.replica],
    close: async () => {
      await Promise.all([a.close(), b.close(), c.close()])
      await control.close()
    },
  }
}

/** Three in this process, each with its own connections, so that their statements can be ordered. */
export const openHandles = async (): Promise<{
  readonly control: TestControl
  readonly all: Three<ControlDeps>
  close(): Promise<void>
}> => {
  const control = await openControl({ database: 'postgres' })
  return { control, ...(await withHandles(control)) }
}

const withHandles = async (
  control: TestControl,
): Promise<{ readonly all: Three<ControlDeps>; close(): Promise<void> }> => {
  const opened: { close(): Promise<void> }[] = []
  const another = async (): Promise<ControlDeps> => {
    const { databaseUrl: url, sealKey, folder } = control
    const own = url === '' ? null : await openPostgres({ url, poolSize: 10, log: silentLogger })
    const connected = await openDeps({
      ...{ sealKey, folder, redis: redisOf(control), timers: control.deps.timers },
      database: own ?? control.database,
    })
    opened.push(connected, ...(own ? [own] : []))
    return connected.deps
  }
  return {
    all: [control.deps, await another(), await another()],
    close: async () => {
      for (const one of opened) await one.close()
      await control.close()
    },
  }
}

const redisOf = ({ redis }: TestControl) => ({ url: redis.url, prefix: '{test}' })
