import type { Repo } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { housekeepingOf } from '../housekeeping.ts'
import { forgetWorkers } from '../workers/authenticate-worker.ts'
import { buildsAtOnce, deleteLogs, inTurn } from './delete-builds.ts'
import { purgeBuilds } from './purge-builds.ts'
import { deletesAnything, retentionOf } from './retention-of.ts'

const dayMs = 86_400_000
const reposAtOnce = 200
const rowsAtOnce = 200
/** 4 MiB of a SQLite file with pages of 4 KiB. */
const pagesAtOnce = 1_024
/** What the next builds will use anyway. */
const sparePages = 2_048

export type PurgeAllDeps = Pick<ControlDeps, 'database' | 'clock' | 'log' | 'housekeeping'>

/** One tick: deletes what is older than the rules of each repository and the settings allow (scheduling.md §13), in
 *  pieces, and gives the space back. Nothing is deleted where nobody asked for it, but deliveries, messages and workers
 *  that never came back. */
export const purge = async (deps: PurgeAllDeps, signal?: AbortSignal): Promise<void> => {
  const { database } = deps
  const { retention, deliveryDays, workerDays } = housekeepingOf(deps).purge
  if (deletesAnything(retention) || (await database.purge.hasRetention()))
    await eachRepo(deps, (repo) => purgeRepo(deps, repo, signal), signal)
  if (deliveryDays > 0) {
    const before = (await database.now()) - deliveryDays * dayMs
    const old = database.purge
    await purgeRows(deps, 'deliveries', () => old.deleteDeliveries(before, rowsAtOnce), signal)
    await purgeRows(deps, 'outbox', () => old.deleteOutbox(before, rowsAtOnce), signal)
  }
  if (workerDays > 0) await purgeWorkers(deps, workerDays * dayMs, signal)
  await giveBackSpace(deps, signal)
}

/** Machines that were given up. One that comes back after all registers anew. */
const purgeWorkers = async (
  deps: PurgeAllDeps,
  silentMs: number,
  signal?: AbortSignal,
): Promise<void> => {
  const { database } = deps
  const before = (await database.now()) - silentMs
  const remove = () => database.purge.deleteWorkers(before, rowsAtOnce)
  if ((await purgeRows(deps, 'workers', remove, signal)) > 0) forgetWorkers(database)
}

const eachRepo = async (
  { database, log }: PurgeAllDeps,
  work: (repo: Repo) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> => {
  for (let offset = 0; ; offset += reposAtOnce) {
    const repos = await database.repos.list({ offset, limit: reposAtOnce })
    for (const repo of repos) {
      if (signal?.aborted) return
      try {
        await work(repo)
      } catch (err) {
        // Each alone: one that fails must not keep the others (threats.md T-47).
        log.error('a repository was not purged', { 'repo.slug': repo.slug, err })
      }
    }
    if (repos.length === 0) return
  }
}

const purgeRepo = async (deps: PurgeAllDeps, repo: Repo, signal?: AbortSignal): Promise<void> => {
  const { database } = deps
  const own = await database.purge.findRetention(repo.id)
  const retention = retentionOf(own, housekeepingOf(deps).purge.retention)
  const { buildDays, buildCount, logDays } = retention
  const nowMs = await database.now()
  const before = (days: number) => nowMs - days * dayMs
  if (buildDays > 0)
    await purgeBuilds(deps, repo, { kind: 'finished_before', atMs: before(buildDays) }, signal)
  if (buildCount > 0)
    await purgeBuilds(deps, repo, { kind: 'all_but_newest', count: buildCount }, signal)
  if (logDays > 0) await purgeLogs(deps, repo, before(logDays), signal)
}

const purgeLogs = async (
  deps: PurgeAllDeps,
  repo: Repo,
  finishedBefore: number,
  signal?: AbortSignal,
): Promise<void> => {
  let count = 0
  while (!signal?.aborted) {
    const ids = await deps.database.purge.listLogs(repo.id, finishedBefore, buildsAtOnce)
    if (ids.length === 0 || !(await deleteLogs(deps, ids, signal))) break
    count += ids.length
  }
  if (count > 0) deps.log.info('logs of builds purged', { 'repo.slug': repo.slug, count })
}

const purgeRows = async (
  deps: PurgeAllDeps,
  name: string,
  remove: () => Promise<number>,
  signal?: AbortSignal,
): Promise<number> => {
  let total = 0
  while (!signal?.aborted) {
    const count = await inTurn(deps, remove)
    total += count
    if (count < rowsAtOnce) break
  }
  if (total > 0) deps.log.info('old rows purged', { name, count: total })
  return total
}

/** Without it the file of a SQLite database only ever grows. */
const giveBackSpace = async (deps: PurgeAllDeps, signal?: AbortSignal): Promise<void> => {
  let left = await deps.database.giveBackSpace(1)
  while (left > sparePages && !signal?.aborted) {
    const before = left
    left = await inTurn(deps, () => deps.database.giveBackSpace(pagesAtOnce))
    if (left >= before) return
  }
}
