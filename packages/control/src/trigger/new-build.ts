import {
  type Hook,
  invalid,
  type NewBuild,
  type NewStage,
  partitionName,
  partitionOf,
  type Repo,
} from '@waggle/domain'
import type { PlannedStage } from '@waggle/pipeline'
import { cleanText, cutCodePoints, messageLimit } from '../text-limits.ts'
import { boundChangedFiles } from './changed-files.ts'

const nameLimit = 500
const mostParams = 1_000
const paramLimitBytes = 64 * 1024

/** The hook with every text within its limit. Title and message are cut (scheduling.md §1); whatever a build could
 *  not do without is refused with `invalid` instead of being changed. */
export const boundHook = (hook: Hook): Hook => {
  const params = Object.entries(hook.params)
  if (params.length > mostParams)
    throw invalid('too_many_params', `a build takes at most ${mostParams} parameters`)
  for (const [key, value] of params)
    if (key.length + value.length > paramLimitBytes)
      throw invalid(
        'param_too_long',
        `parameter ${cutCodePoints(cleanText(key), 100)} is longer than ${paramLimitBytes} characters`,
      )
  for (const name of ['ref', 'before', 'after', 'source', 'target', 'deployTo', 'cron'] as const)
    if (hook[name].length > nameLimit || cleanText(hook[name]) !== hook[name])
      throw invalid(
        `bad_${name.toLowerCase()}`,
        `${name} is longer than ${nameLimit} characters or holds control characters`,
      )
  const short = (text: string) => cutCodePoints(cleanText(text), nameLimit)
  const long = (text: string) => cutCodePoints(cleanText(text), messageLimit)
  return {
    ...hook,
    trigger: short(hook.trigger),
    action: short(hook.action),
    link: long(hook.link),
    title: long(hook.title),
    message: long(hook.message),
    fork: short(hook.fork),
    author: short(hook.author),
    authorName: short(hook.authorName),
    authorEmail: short(hook.authorEmail),
    authorAvatar: long(hook.authorAvatar),
    sender: short(hook.sender),
    changedFiles: boundChangedFiles(hook.changedFiles),
  }
}

/** The build's record (scheduling.md §4.2, §3.12). */
export const newBuild = (
  repo: Repo,
  hook: Hook,
  facts: { number: number; cloneUrl: string; error: string | null; nowMs: number },
): NewBuild => {
  const { fork, changedFiles: _, ...rest } = hook
  const endedAt = facts.error === null ? 0 : facts.nowMs
  return {
    ...rest,
    repoId: repo.id,
    number: facts.number,
    status: facts.error === null ? 'pending' : 'error',
    error: facts.error ?? '',
    sourceRepo: fork,
    cloneUrl: facts.cloneUrl,
    startedAt: endedAt,
    finishedAt: endedAt,
  }
}

/** The record of a stage (scheduling.md §4.3, §4.4). */
export const newStage = (
  repo: Repo,
  buildId: number,
  planned: PlannedStage,
  isVerified: boolean,
  priority = 0,
): NewStage => {
  const { number, name, kind, type, os, arch, variant, kernel, labels } = planned
  const { limit, throttle, onSuccess, onFailure, dependsOn } = planned
  return {
    repoId: repo.id,
    buildId,
    ...{ number, name, kind, type, os, arch, variant, kernel, labels },
    ...{ limit, throttle, onSuccess, onFailure, dependsOn, priority },
    partition: partitionName(partitionOf(planned)),
    status: initialStatus(isVerified, dependsOn),
    error: '',
    errIgnore: false,
    exitCode: 0,
    machine: '',
    attempt: 0,
    isHeld: false,
    retryLimit: planned.retry?.count ?? 0,
    retryOn: (planned.retry?.on ?? []).map(String),
    startedAt: 0,
    stoppedAt: 0,
  }
}

/** Neither `onSuccess` nor `onFailure` plays a role here (quirk S6). */
export const initialStatus = (
  isVerified: boolean,
  dependsOn: readonly string[],
): 'blocked' | 'pending' | 'waiting_on_dependencies' => {
  if (!isVerified) return 'blocked'
  return dependsOn.length === 0 ? 'pending' : 'waiting_on_dependencies'
}

/** Whether the build may run without somebody's approval (scheduling.md §3.9, threats.md C.1). `isSigned`: the text
 *  has the signature that a protected repository wants of what a webhook brings. */
export const isVerified = (
  repo: Pick<Repo, 'slug' | 'protected'>,
  hook: Hook,
  isSigned = false,
): boolean => {
  const isFromOutside = hook.trigger === '@hook'
  if (repo.protected && isFromOutside && !isSigned) return false
  if (hook.event !== 'pull_request') return true
  // A pull request whose head repository is gone or was not named is a stranger's, unless a person started it.
  if (hook.fork === '') return !isFromOutside
  return hook.fork.toLowerCase() === repo.slug.toLowerCase()
}
