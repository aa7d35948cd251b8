import { isDone, type LimitNeighbour, type Stage } from '@waggle/domain'
import { remainingOf } from './estimate.ts'
import type { ExplainDeps } from './explain-deps.ts'
import { stageHistory } from './stage-history.ts'
import type { AwaitedStage, WaitReason } from './wait-reason.ts'

type Dependencies = Extract<WaitReason, { code: 'dependency' }>['stages']

/** So many are described; of the others only the number is told. */
const mostNamed = 10

/** The stages that a stage depends on and that are not over. None: it is released this moment. */
export const dependenciesOf = async (
  { database }: Pick<ExplainDeps, 'database'>,
  stage: Stage,
): Promise<Dependencies> => {
  const wanted = new Set(stage.dependsOn)
  const siblings = await database.stages.outline(stage.buildId)
  return siblings.flatMap(({ id, number, name, status }) =>
    wanted.has(name) && !isDone(status) ? [{ stageId: id, number, name, status }] : [],
  )
}

/** The stages that count for a limit, with the number of their build and when those that run are likely to end. */
export const awaitedStages = async (
  { database }: Pick<ExplainDeps, 'database'>,
  repoId: number,
  neighbours: readonly LimitNeighbour[],
): Promise<readonly AwaitedStage[]> => {
  const first = neighbours.slice(0, mostNamed)
  const [nowMs, rows] = await Promise.all([
    database.now(),
    database.stages.findMany(first.map(({ id }) => id)),
  ])
  const startedAt = new Map(rows.map((row) => [row.id, row.startedAt]))
  const builds = new Map<number, number>()
  const stages: AwaitedStage[] = []
  for (const { id, buildId, number, name, status, keepsPlace } of first) {
    if (!builds.has(buildId))
      builds.set(buildId, (await database.builds.find(buildId))?.number ?? 0)
    const started = startedAt.get(id) ?? 0
    const isRunning = status === 'running' && started > 0
    const history = isRunning ? await stageHistory(database, { repoId, name }) : []
    stages.push({
      stageId: id,
      build: builds.get(buildId) ?? 0,
      number,
      name,
      status,
      isLost: keepsPlace,
      endsIn: isRunning ? remainingOf(history, nowMs - started) : null,
    })
  }
  return stages
}
