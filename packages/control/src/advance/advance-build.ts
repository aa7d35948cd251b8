import {
  type AtEnd,
  type Build,
  isDone,
  type OutboxRow,
  type Stage,
  type StageOutline,
  type Stores,
} from '@waggle/domain'
import { releaseOf } from '../limits/release-held.ts'
import { hasLimits } from '../limits/why-held.ts'
import { offerMessage } from '../order/offer-message.ts'
import { standInLine } from '../order/stand-in-line.ts'
import { resolveStages } from './resolve-stages.ts'

/** What a transaction that ended stages leaves to tell. */
export interface Advance {
  readonly build: Build
  /** Stages that may run now. */
  readonly pending: readonly Stage[]
  readonly outbox: readonly OutboxRow[]
}

/** What the transaction freed under the limits of its repository. */
export interface Freed {
  /** What locking the limits gave, before the build was locked. */
  readonly limitsOf: number | null
  /** Names of stages that ended, or that count differently from now on. */
  readonly names: readonly string[]
}

/** Releases or skips the dependents of what ended, lets go what limits hold back no longer, and closes the build when
 *  it is complete. Runs inside the transaction that ended the stage, with the build's row locked: two stages that end
 *  together cannot both think that the other is still open (scheduling.md §7, quirk S24). Running it again changes
 *  nothing. Without `freed` no stage has ended. */
export const advanceBuild = async (
  stores: Stores,
  build: Build,
  nowMs: number,
  atEnd: AtEnd,
  freed?: Freed,
): Promise<Advance> => {
  const { limited, ...advance } = await resolveBuild(stores, build, nowMs, atEnd)
  const limitsOf =
    freed || limited.length === 0
      ? (freed?.limitsOf ?? null)
      : await stores.limits.lock({ repoId: build.repoId })
  const names = [...new Set([...(freed?.names ?? []), ...limited])]
  const released = await releaseOf(stores, limitsOf, names)
  return {
    ...advance,
    pending: [...advance.pending, ...released.pending],
    outbox: [...advance.outbox, ...released.outbox],
  }
}

interface Resolved extends Advance {
  /** Names of stages that may run as far as their dependencies go, and have limits. */
  readonly limited: readonly string[]
}

const resolveBuild = async (
  stores: Stores,
  build: Build,
  nowMs: number,
  atEnd: AtEnd,
): Promise<Resolved> => {
  const nothing = { build, pending: [], outbox: [], limited: [] }
  // Cancelled or declined: whoever did that closed the stages too.
  if (isDone(build.status)) return nothing
  const { hasOpen, hasWaiting } = await stores.stages.progress(build.id)
  // Nothing waits for what ended, and the build goes on. Reading all stages here would cost a build the square of them.
  if (hasOpen && !hasWaiting) return nothing
  const outline = await stores.stages.outline(build.id)
  const changes = resolveStages(outline)
  for (const id of changes.skipped)
    await stores.stages.update(id, { status: 'skipped', startedAt: nowMs, stoppedAt: nowMs }, when)
  const ready = new Set(changes.pending)
  const offered = await makePending(
    stores,
    build,
    outline.filter(({ id }) => ready.has(id)),
  )
  if (changes.completion === null) return { build, ...offered }
  const finishedAt = Math.max(nowMs, build.startedAt)
  const end = {
    status: changes.completion,
    startedAt: build.startedAt || finishedAt,
    finishedAt,
  }
  atEnd(stores.builds.change(build.id, end))
  return { build: { ...build, ...end, version: build.version + 1 }, ...offered }
}

const when = { status: 'waiting_on_dependencies' } as const

/** Those without limits get their places and are promised to be offered; the others are held back for now. */
const makePending = async (
  stores: Stores,
  build: Build,
  ready: readonly StageOutline[],
): Promise<Pick<Resolved, 'pending' | 'outbox' | 'limited'>> => {
  const free = ready.filter((stage) => !hasLimits(stage))
  const limited = ready.filter(hasLimits)
  for (const { id } of limited)
    await stores.stages.update(id, { status: 'pending', isLimited: true }, when)
  const standings = await standInLine(stores, build.repoId, free)
  const pending: Stage[] = []
  for (const [index, { id }] of free.entries()) {
    const stage = await stores.stages.update(id, { status: 'pending', ...standings[index] }, when)
    if (stage) pending.push(stage)
  }
  const outbox = pending.length > 0 ? await stores.outbox.add(pending.map(offerMessage)) : []
  return { pending, outbox, limited: limited.map(({ name }) => name) }
}
