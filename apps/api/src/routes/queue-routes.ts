import { pauseQueue, resumeQueue, stageOutlooks } from '@waggle/control'
import type { Build, Repo, Stage } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { empty, json } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { buildShape } from '../shapes/build-shape.ts'
import { repoShape } from '../shapes/repo-shape.ts'
import { stageRowShape } from '../shapes/stage-row-shape.ts'
import { stageShape } from '../shapes/stage-shape.ts'

const mostIncomplete = 50
/** Of the queue, and of what is not finished, no more is read into the memory: there may be a million stages. */
const mostStages = 10_000
/** So many of the queue get a position and likely times. */
const mostOutlooks = 50

/** The queue, and what is not finished (rest-api.md §7.12). */
export const queueRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database } = control
  return [
    route.sysadmin('GET /api/queue', async () => {
      const stages = await database.stages.listIncomplete(mostStages)
      const outlooks = await stageOutlooks(control, stages, mostOutlooks)
      return json(stages.map((stage) => stageShape(stage, { outlook: outlooks.get(stage.id) })))
    }),
    route.sysadmin('POST /api/queue', async (call) => {
      await resumeQueue(control)
      call.log.info('queue resumed', { name: call.user.login })
      return empty()
    }),
    route.sysadmin('DELETE /api/queue', async (call) => {
      await pauseQueue(control, call.user.login)
      call.log.info('queue paused', { name: call.user.login })
      return empty()
    }),
    route.sysadmin('GET /api/builds/incomplete', async () => {
      const rows = await incompleteBuilds(control.database, mostIncomplete)
      return json(rows.map(({ repo, build }) => repoShape(repo, { build: buildShape(build) })))
    }),
    route.sysadmin('GET /api/builds/incomplete/v2', async () => {
      const rows = await incompleteBuilds(control.database, Number.POSITIVE_INFINITY)
      return json(
        rows.flatMap(({ repo, build, stages }) =>
          stages.map((stage) => stageRowShape(repo, build, stage)),
        ),
      )
    }),
  ]
}

interface IncompleteBuild {
  readonly repo: Repo
  readonly build: Build
  readonly stages: readonly Stage[]
}

/** Builds with a pending or running stage, newest first. */
const incompleteBuilds = async (
  database: ApiDeps['control']['database'],
  most: number,
): Promise<readonly IncompleteBuild[]> => {
  const newestFirst = await database.stages.listIncomplete(mostStages, true)
  const byBuild = Map.groupBy(newestFirst.toReversed(), (stage) => stage.buildId)
  const newest = [...byBuild].toSorted(([a], [b]) => b - a).slice(0, most)
  const repos = new Map<number, Repo | null>()
  const rows: IncompleteBuild[] = []
  for (const [buildId, stages] of newest) {
    const build = await database.builds.find(buildId)
    if (build === null) continue
    if (!repos.has(build.repoId)) repos.set(build.repoId, await database.repos.find(build.repoId))
    const repo = repos.get(build.repoId)
    if (repo) rows.push({ repo, build, stages })
  }
  return rows
}
