import { conflict, notFound, type WorkerRecord } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { forgetWorkers } from './authenticate-worker.ts'

/** The worker takes nothing new from now on, also after a restart of its own; what it runs goes on. Its accepts are
 *  refused at once, and its next heartbeat tells it. Draining a drained one changes nothing. Throws `not_found`. */
export const drainWorker = (
  deps: Pick<ControlDeps, 'database' | 'log'>,
  workerId: string,
  by: string,
): Promise<WorkerRecord> => setDrained(deps, workerId, by)

/** The worker takes stages again, from its next heartbeat on. Throws `not_found`. */
export const resumeWorker = (
  deps: Pick<ControlDeps, 'database' | 'log'>,
  workerId: string,
): Promise<WorkerRecord> => setDrained(deps, workerId, null)

/** Forgets a worker that is gone: silent for so long that what it held is settled. Should it come back after all, it
 *  registers anew. Throws `not_found`, and `conflict` where it is not gone. */
export const removeWorker = async (
  { database, timers, log }: Pick<ControlDeps, 'database' | 'timers' | 'log'>,
  workerId: string,
): Promise<void> => {
  const worker = await database.workers.find(workerId)
  if (worker === null) throw unknown()
  if (!(await database.workers.deleteSilent(workerId, timers.lostMs)))
    throw conflict(
      'worker_not_gone',
      `The worker ${worker.name} is not gone: stop it and wait ${Math.ceil(timers.lostMs / 1_000)} s, or drain it`,
    )
  forgetWorkers(database)
  log.info('worker removed', { 'worker.id': workerId, 'worker.name': worker.name })
}

const setDrained = async (
  { database, log }: Pick<ControlDeps, 'database' | 'log'>,
  workerId: string,
  by: string | null,
): Promise<WorkerRecord> => {
  const worker = await database.workers.drain(workerId, by)
  if (worker === null) throw unknown()
  forgetWorkers(database)
  const fields = { 'worker.id': workerId, 'worker.name': worker.name }
  if (by === null) log.info('worker takes stages again', fields)
  else log.info('worker drained', { ...fields, name: by })
  return worker
}

const unknown = () => notFound('worker_unknown', 'There is no such worker')
