import { type Cron, conflict, isWaggleError, WaggleError } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { housekeepingOf } from '../housekeeping.ts'
import { cleanText, cutCodePoints } from '../text-limits.ts'
import { fireCron } from './fire-cron.ts'
import { nextOf } from './next-of.ts'

const batchSize = 100
/** Each reads a repository, in a process of its own. */
const mostAtOnce = 4
/** Longer than reading a repository may take: whoever claimed a run before that is gone. */
const longestRunMs = 15 * 60_000
const errorLimit = 2_000

/** Runs what is due, each claimed by a compare-and-set on its next time, so that it makes one build however many
 *  processes look (scheduling.md §11). The next time is counted from now: what was missed collapses into one run. What
 *  fails is noted and not repeated; what a dying process had claimed is run again, under the same key. Gives how many
 *  were run. */
export const runDueCrons = async (
  deps: ControlDeps,
  signal?: AbortSignal,
  { stuckMs = longestRunMs }: { readonly stuckMs?: number } = {},
): Promise<number> => {
  let count = 0
  for (;;) {
    const due = await deps.database.crons.listDue(stuckMs, batchSize)
    if (due.length === 0 || signal?.aborted) return count
    const waiting = due.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const runAll = async (): Promise<void> => {
      for (let cron = waiting.shift(); cron && !signal?.aborted; cron = waiting.shift())
        if (await runOne(deps, cron, signal)) count++
    }
    await Promise.all(Array.from({ length: mostAtOnce }, runAll))
    if (due.length < batchSize) return count
  }
}

/** Each row alone: one that cannot be run must not keep the others (threats.md T-47). */
const runOne = async (deps: ControlDeps, cron: Cron, signal?: AbortSignal): Promise<boolean> => {
  const claimed = await claim(deps, cron)
  if (claimed === null) return false
  const { database, log } = deps
  let lastBuild = 0
  let lastError = ''
  try {
    const repo = await database.repos.find(claimed.repoId)
    if (!repo?.active) throw conflict('repo_inactive', 'The repository is not active.')
    const deliveryKey = `cron:${claimed.id}:${claimed.firingAt}`
    const result = await fireCron(deps, repo, claimed, { deliveryKey }, signal)
    if (result.kind === 'built') lastBuild = result.build.number
    else lastError = result.reason
  } catch (err) {
    if (signal?.aborted) {
      await database.crons.release(claimed.id, claimed.firingAt)
      return false
    }
    lastError = err instanceof WaggleError ? err.message : 'internal error'
    const isOurs = !(err instanceof WaggleError) || isWaggleError(err, 'internal')
    const fields = { name: claimed.name, err }
    if (isOurs) log.error('cron failed', fields)
    else log.info('cron built nothing', fields)
  }
  await database.crons.settle(claimed.id, claimed.firingAt, {
    lastBuild,
    lastError: cutCodePoints(cleanText(lastError), errorLimit),
  })
  return true
}

const claim = async (deps: ControlDeps, cron: Cron): Promise<Cron | null> => {
  const { crons } = deps.database
  const nowMs = await deps.database.now()
  const isDue = !cron.disabled && cron.nextAt > 0 && cron.nextAt <= nowMs
  if (!isDue) return cron.firingAt > 0 ? crons.reclaim(cron.id, cron.firingSince) : null
  let nextAt = 0
  try {
    nextAt = nextOf(cron, housekeepingOf(deps).cron.timeZone, nowMs) ?? 0
  } catch (err) {
    // A zone that this version does not know any more: the run is made, and is the last one.
    deps.log.error('cron has no next time', { name: cron.name, err })
  }
  return crons.claim(cron.id, cron.nextAt, nextAt)
}
