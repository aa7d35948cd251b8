import type { NewStage, OutboxRow, Stage, Stores } from '@waggle/domain'
import { releaseHeld } from '../limits/release-held.ts'
import { hasLimits } from '../limits/why-held.ts'
import { offerMessage } from './offer-message.ts'
import { standInLine } from './stand-in-line.ts'

/** Stores the stages of a new build, gives those that may run their places, and promises to offer them; what its limits
 *  hold back stays in SQL (scheduling.md §4.5, §5.8). Inside the transaction that holds the repository's row. */
export const storeStages = async (
  stores: Stores,
  repoId: number,
  stages: readonly NewStage[],
): Promise<{ readonly stages: readonly Stage[]; readonly outbox: readonly OutboxRow[] }> => {
  if (stages.some(hasLimits)) {
    await stores.limits.open(repoId)
    await stores.limits.lock({ repoId })
  }
  const stored = await stores.stages.create(await inLine(stores, repoId, stages))
  const free = stored.filter((stage) => stage.status === 'pending' && !stage.isLimited)
  const outbox = free.length > 0 ? await stores.outbox.add(free.map(offerMessage)) : []
  const limited = stored.filter((stage) => stage.isLimited)
  if (limited.length === 0) return { stages: stored, outbox }
  const released = await releaseHeld(stores, repoId, namesOf(limited))
  const byId = new Map(released.pending.map((stage) => [stage.id, stage]))
  return {
    stages: stored.map((stage) => byId.get(stage.id) ?? stage),
    outbox: [...outbox, ...released.outbox],
  }
}

/** All stages with limits begin as held back: one place alone lets them go. */
const inLine = async (
  stores: Stores,
  repoId: number,
  stages: readonly NewStage[],
): Promise<readonly NewStage[]> => {
  const isFree = (stage: NewStage) => stage.status === 'pending' && !hasLimits(stage)
  const free = stages.filter(isFree).map(({ partition, priority = 0 }) => ({ partition, priority }))
  const standings = (await standInLine(stores, repoId, free)).values()
  return stages.map((stage) => {
    if (isFree(stage)) return { ...stage, isLimited: false, ...standings.next().value }
    return { ...stage, isLimited: stage.status === 'pending' }
  })
}

const namesOf = (stages: readonly Pick<Stage, 'name'>[]): readonly string[] => [
  ...new Set(stages.map(({ name }) => name)),
]
