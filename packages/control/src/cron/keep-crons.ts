import { type Cron, type CronPatch, conflict, invalid, notFound, type Repo } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { housekeepingOf } from '../housekeeping.ts'
import { cleanText } from '../text-limits.ts'
import type { SubmitResult } from '../trigger/submit-request.ts'
import { fireCron } from './fire-cron.ts'
import { nextOf } from './next-of.ts'
import { slugOf } from './slug-of.ts'

const mostOfRepo = 1_000
const nameLimit = 100
const branchLimit = 250

export interface CronWish {
  readonly name: string
  readonly expr: string
  readonly branch: string
  readonly target?: string | undefined
  readonly timeZone?: string | undefined
  readonly disabled?: boolean | undefined
}

type CronDeps = Pick<ControlDeps, 'database' | 'housekeeping'>

/** Makes a cron (rest-api.md §7.6). Throws `invalid` with what is wrong, `conflict` where the name is taken. */
export const createCron = async (deps: CronDeps, repo: Repo, wish: CronWish): Promise<Cron> => {
  const timeZone = wish.timeZone ?? ''
  const nextAt = await firstRun(deps, { expr: wish.expr, timeZone })
  const name = slugOf(wish.name)
  if (name === '') throw invalid('bad_cron_name', 'Invalid Cronjob Name')
  if (name.length > nameLimit)
    throw invalid('bad_cron_name', `Invalid Cronjob Name: longer than ${nameLimit} characters`)
  const row = {
    repoId: repo.id,
    name,
    expr: wish.expr,
    timeZone,
    branch: branchOf(wish.branch),
    target: targetOf(wish.target ?? ''),
    disabled: wish.disabled ?? false,
    nextAt,
  }
  if ((await deps.database.crons.countByRepo(repo.id)) >= mostOfRepo)
    throw conflict('too_many_crons', `A repository has at most ${mostOfRepo} cron jobs.`)
  return deps.database.crons.create(row)
}

export type CronChange = {
  readonly [K in keyof Omit<CronWish, 'name'>]?: CronWish[K] | undefined
}

/** Changes a cron. Its next time stays as it is, so that one that was disabled runs what it missed once, unless the
 *  expression or the time zone changes. */
export const changeCron = async (
  deps: CronDeps,
  cron: Cron,
  change: CronChange,
): Promise<Cron | null> => {
  const { expr = cron.expr, timeZone = cron.timeZone } = change
  const isMoved = expr !== cron.expr || timeZone !== cron.timeZone
  const patch: CronPatch = {
    ...(change.branch === undefined ? {} : { branch: branchOf(change.branch) }),
    ...(change.target === undefined ? {} : { target: targetOf(change.target) }),
    ...(change.disabled === undefined ? {} : { disabled: change.disabled }),
    ...(isMoved ? { expr, timeZone, nextAt: await firstRun(deps, { expr, timeZone }) } : {}),
  }
  return deps.database.crons.update(cron.id, patch)
}

/** Runs a cron at once, whatever its schedule says and also while it is disabled; its next time stays. */
export const runCron = async (
  deps: ControlDeps,
  repo: Repo,
  cron: Cron,
  signal?: AbortSignal,
): Promise<SubmitResult> => {
  if (!repo.active) throw notFound('repo_inactive', 'The repository is not active.')
  return fireCron(deps, repo, cron, {}, signal)
}

const firstRun = async (deps: CronDeps, cron: Pick<Cron, 'expr' | 'timeZone'>): Promise<number> => {
  const nowMs = await deps.database.now()
  const nextAt = nextOf(cron, housekeepingOf(deps).cron.timeZone, nowMs)
  if (nextAt === null)
    throw invalid('bad_cron_expression', 'Invalid Cronjob Expression: no day of any year matches')
  return nextAt
}

const branchOf = (text: string): string => {
  const branch = text.startsWith('refs/heads/') ? text.slice('refs/heads/'.length) : text
  if (branch === '') throw invalid('bad_cron_branch', 'Invalid Cronjob Branch')
  if (branch.length > branchLimit || cleanText(branch) !== branch || /[\t\n ]/.test(branch))
    throw invalid('bad_cron_branch', 'Invalid Cronjob Branch: not a name of a branch')
  return branch
}

const targetOf = (text: string): string => {
  if (text.length > branchLimit || cleanText(text) !== text)
    throw invalid('bad_cron_target', 'target: too long, or holds control characters')
  return text
}
