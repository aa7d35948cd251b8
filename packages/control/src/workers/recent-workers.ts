import type { Database, Timers, WorkerRecord } from '@waggle/domain'

interface Recent {
  readonly workers: Promise<readonly WorkerRecord[]>
  readonly readAt: number
  /** The next reading, begun while this one was still good. */
  next: Recent | null
}

const recent = new WeakMap<Database, Recent>()

/** All workers, as they were at most a second ago (a fifth of a heartbeat, with timers scaled down). Reading a thousand
 *  rows is most of what explaining a wait costs, and whoever asks asks for several stages. Where it is asked again and
 *  again the next reading begins at half that age, so that nobody waits for it. */
export const recentWorkers = (
  database: Database,
  timers: Pick<Timers, 'heartbeatMs'>,
): Promise<readonly WorkerRecord[]> => {
  const goodForMs = Math.min(1_000, timers.heartbeatMs / 5)
  const known = recent.get(database)
  const ageMs = known ? performance.now() - known.readAt : Number.POSITIVE_INFINITY
  if (known && ageMs < goodForMs) {
    if (ageMs > goodForMs / 2) known.next ??= readNext(database, known)
    return known.workers
  }
  const next = known?.next
  const isGood = next && performance.now() - next.readAt < goodForMs
  const reading = isGood ? next : read(database)
  recent.set(database, reading)
  return reading.workers
}

/** A worker was registered, drained or removed by this process: read them again. */
export const forgetRecentWorkers = (database: Database): void => {
  recent.delete(database)
}

const readNext = (database: Database, known: Recent): Recent => {
  const next = read(database)
  // Unless they were forgotten meanwhile: then this reading may be from before.
  const replace = () => {
    if (recent.get(database) === known) recent.set(database, next)
  }
  next.workers.then(replace, () => {
    known.next = null
  })
  return next
}

const read = (database: Database): Recent => {
  const reading: Recent = {
    workers: database.workers.list(),
    readAt: performance.now(),
    next: null,
  }
  // A failure is told to those who wait for it, and is not kept.
  reading.workers.catch(() => {
    if (recent.get(database) === reading) recent.delete(database)
  })
  return reading
}
