import {
  drainWorker,
  listWorkers,
  removeWorker,
  resumeWorker,
  type WorkerView,
} from '@waggle/control'
import type { ApiDeps } from '../api-deps.ts'
import type { Call } from '../http/call.ts'
import { empty, json, type Reply } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { missing } from '../http/status-of.ts'
import { heldShape, workerShape } from '../shapes/worker-shape.ts'

/** The registry of workers, Waggle's own: who there is, what they run, draining them. */
export const registryRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const one = async (id: string): Promise<WorkerView> => {
    const { views } = await listWorkers(control)
    const view = views.find(({ worker }) => worker.id === id)
    if (view === undefined) throw missing()
    return view
  }
  const shown = async (id: string): Promise<Reply> => {
    const view = await one(id)
    const stages = await heldBy(control.database, id)
    return json({ ...workerShape(view), stages })
  }
  return [
    route.sysadmin('GET /api/workers', async () => {
      const { views } = await listWorkers(control)
      return json(views.map(workerShape))
    }),
    route.sysadmin('GET /api/workers/:worker', async (call) => shown(idOf(call))),
    route.sysadmin('POST /api/workers/:worker/drain', async (call) => {
      await drainWorker(control, idOf(call), call.user.login)
      return shown(idOf(call))
    }),
    route.sysadmin('POST /api/workers/:worker/resume', async (call) => {
      await resumeWorker(control, idOf(call))
      return shown(idOf(call))
    }),
    route.sysadmin('DELETE /api/workers/:worker', async (call) => {
      await removeWorker(control, idOf(call))
      return empty()
    }),
  ]
}

const idOf = (call: Call): string => call.params['worker'] ?? ''

const heldBy = async (
  database: ApiDeps['control']['database'],
  workerId: string,
): Promise<readonly object[]> => {
  const attempts = await database.attempts.listOpenByWorker(workerId)
  const rows: object[] = []
  for (const attempt of attempts) {
    const [stage, build] = await Promise.all([
      database.stages.find(attempt.stageId),
      database.builds.find(attempt.buildId),
    ])
    const repo = build && (await database.repos.find(build.repoId))
    if (stage && build && repo) rows.push(heldShape(attempt, stage, build, repo))
  }
  return rows
}
