import { type ControlDeps, isPaused } from '@waggle/control'
import { canServe, type Offer, partitionOf, type WorkerProfile } from '@waggle/domain'

type FoundOffer = Offer & { readonly partition: string }

const batchSize = 500
const lookMs = 1_000
/** Workers that look at the same moment should not all get the same stage. */
const spread = 16

/** An offer straight from SQL, for a worker that does not reach Redis: waits until there is one that it can serve, at
 *  most `waitMs`. A hint like any other: accept decides. */
export const takeOffer = async (
  deps: Pick<ControlDeps, 'database' | 'clock'>,
  profile: WorkerProfile,
  waitMs: number,
  signal: AbortSignal,
): Promise<FoundOffer | null> => {
  const endsAt = deps.clock.monotonic() + waitMs
  for (;;) {
    const found = (await isPaused(deps)) ? null : await findOffer(deps, profile)
    const leftMs = endsAt - deps.clock.monotonic()
    if (found || leftMs <= 0 || signal.aborted) return found
    await deps.clock.sleep(Math.min(leftMs, lookMs), signal).catch(() => undefined)
  }
}

const findOffer = async (
  { database }: Pick<ControlDeps, 'database'>,
  profile: WorkerProfile,
): Promise<FoundOffer | null> => {
  let afterId = 0
  for (;;) {
    const stages = await database.stages.listOfferable(afterId, batchSize)
    const fitting = stages.filter((stage) => canServe(profile, partitionOf(stage))).slice(0, spread)
    const chosen = fitting[Math.floor(Math.random() * fitting.length)]
    if (chosen)
      return { stageId: chosen.id, attempt: chosen.attempt + 1, partition: chosen.partition }
    if (stages.length < batchSize) return null
    afterId = stages.at(-1)?.id ?? afterId
  }
}
