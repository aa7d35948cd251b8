import {
  type AtEnd,
  type Build,
  isDone,
  type OutboxRow,
  type Stage,
  type Stores,
} from '@waggle/domain'
import { resolveStages } from './resolve-stages.ts'

/** What a transaction that ended stages leaves to tell. */
export interface Advance {
  readonly build: Build
  /** Stages that may run now. */
  readonly pending: readonly Stage[]
  readonly outbox: readonly OutboxRow[]
}

/** Releases or skips the dependents of what ended, and closes the build when it is complete. Runs inside the
 *  transaction that ended the stage, with the build's row locked: two stages that end together cannot both think
 *  that the other is still open (scheduling.md §7, quirk S24). Running it again changes nothing. */
export const advanceBuild = async (
  stores: Stores,
  build: Build,
  nowMs: number,
  atEnd: AtEnd,
): Promise<Advance> => {
  // Cancelled or declined: whoever did that closed the stages too.
  if (isDone(build.status)) return { build, pending: [], outbox: [] }
  const { hasOpen, hasWaiting } = await stores.stages.progress(build.id)
  // Nothing waits for what ended, and the build goes on. Reading all stages here would cost a build the square of them.
  if (hasOpen && !hasWaiting) return { build, pending: [], outbox: [] }
  const changes = resolveStages(await stores.stages.outline(build.id))
  const when = { status: 'waiting_on_dependencies' } as const
  for (const id of changes.skipped)
    await stores.stages.update(id, { status: 'skipped', startedAt: nowMs, stoppedAt: nowMs }, when)
  const pending: Stage[] = []
  for (const id of changes.pending) {
    const stage = await stores.stages.update(id, { status: 'pending' }, when)
    if (stage) pending.push(stage)
  }
  const outbox = pending.length > 0 ? await stores.outbox.add(pending.map(offerMessage)) : []
  if (changes.completion === null) return { build, pending, outbox }
  const finishedAt = Math.max(nowMs, build.startedAt)
  const end = {
    status: changes.completion,
    startedAt: build.startedAt || finishedAt,
    finishedAt,
  }
  atEnd(stores.builds.update(build.id, end))
  return { build: { ...build, ...end, version: build.version + 1 }, pending, outbox }
}

/** The promise to offer a stage's next attempt. */
export const offerMessage = (stage: Pick<Stage, 'id' | 'attempt'>) =>
  ({ kind: 'offer', stageId: stage.id, attempt: stage.attempt + 1 }) as const
