import type { Stage } from '@waggle/domain'
import { durationsOf, nthEnd, remainingOf, startsIn } from './estimate.ts'
import type { ExplainDeps } from './explain-deps.ts'
import type { Serving } from './serving-workers.ts'
import { stageHistories } from './stage-history.ts'
import type { Span } from './wait-reason.ts'

/** Running stages that are looked at: those that were accepted first. */
const mostRunning = 40

export interface SlotOutlook {
  /** When the first slot is likely to become free; `null` = unknown. */
  readonly slotFreeIn: Span | null
  readonly startsIn: Span | null
}

/** When a slot is likely to be there for a stage, from the histories of what runs on its workers. */
export const slotOutlook = async (
  { database }: Pick<ExplainDeps, 'database'>,
  stage: Pick<Stage, 'repoId' | 'name'>,
  serving: Serving,
  ahead: number,
): Promise<SlotOutlook> => {
  const { slots, busy } = serving
  if (slots - busy > ahead) {
    const now = { lowMs: 0, highMs: 0 }
    return { slotFreeIn: now, startsIn: now }
  }
  const workerIds = serving.taking.map(({ worker }) => worker.id)
  const attempts = await database.attempts.listOldestOpen(workerIds, mostRunning)
  const [nowMs, stages] = await Promise.all([
    database.now(),
    database.stages.findMany(attempts.map(({ stageId }) => stageId)),
  ])
  const [own, ...histories] = await stageHistories(database, [stage, ...stages])
  const running = stages.map(({ startedAt }, i): Span | null =>
    remainingOf(histories[i] ?? [], startedAt === 0 ? 0 : nowMs - startedAt),
  )
  const all = [...(own ?? []), ...histories.flat()]
  const turn = durationsOf(all)
  const known = running.filter((span) => span !== null)
  return {
    // Of the oldest, as of those that are known: another one may end sooner.
    slotFreeIn: slots > busy ? { lowMs: 0, highMs: 0 } : nthEnd(known, 1),
    startsIn: startsIn({ slots, running, busy, ahead, turn }),
  }
}
