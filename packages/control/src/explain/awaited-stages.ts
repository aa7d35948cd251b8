import { isDone, type LimitNeighbour, type Stage } from '@waggle/domain'
import { FewAtOnce } from '../few-at-once.ts'
import { remainingOf } from './estimate.ts'
import type { ExplainDeps } from './explain-deps.ts'
import { stageHistories } from './stage-history.ts'
import type { AwaitedStage, WaitReason } from './wait-reason.ts'

type Dependencies = Extract<WaitReason, { code: 'dependency' }>['stages']

/** So many are described; of the others only the number is told. */
const mostNamed = 10
const buildsAtOnce = 4

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
  const startOf = ({ id, status }: LimitNeighbour) =>
    status === 'running' ? (startedAt.get(id) ?? 0) : 0
  const running = first.filter((neighbour) => startOf(neighbour) > 0)
  const [builds, histories] = await Promise.all([
    buildNumbers(
      database,
      first.map(({ buildId }) => buildId),
    ),
    stageHistories(
      database,
      running.map(({ name }) => ({ repoId, name })),
    ),
  ])
  const historyOf = new Map(running.map(({ id }, i) => [id, histories[i] ?? []]))
  return first.map((neighbour): AwaitedStage => {
    const { id, buildId, number, name, status, keepsPlace } = neighbour
    const history = historyOf.get(id)
    return {
      stageId: id,
      build: builds.get(buildId) ?? 0,
      number,
      name,
      status,
      isLost: keepsPlace,
      endsIn: history ? remainingOf(history, nowMs - startOf(neighbour)) : null,
    }
  })
}

const buildNumbers = async (
  database: ExplainDeps['database'],
  ids: readonly number[],
): Promise<ReadonlyMap<number, number>> => {
  // One caller must not hold every connection of the pool.
  const few = new FewAtOnce(buildsAtOnce)
  const builds = await Promise.all(
    [...new Set(ids)].map((id) => few.run(0, () => database.builds.find(id))),
  )
  return new Map(builds.flatMap((build) => (build ? [[build.id, build.number]] : [])))
}
