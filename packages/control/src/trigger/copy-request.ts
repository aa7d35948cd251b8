import {
  type Build,
  type BuildPlanRecord,
  conflict,
  type Hook,
  invalid,
  isDone,
  makeHook,
  type Repo,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import type { SubmitRequest } from './submit-request.ts'

/** Who starts a build from an older one, and what with (rest-api.md §7.3). */
export interface Restart {
  readonly by: string
  readonly params: Readonly<Record<string, string>>
  readonly debug?: boolean
  readonly deliveryKey?: string
}

/** The hook of a build, as it was. */
export const hookOf = (build: Build, plan: BuildPlanRecord | null): Hook => {
  const { id: _1, repoId: _2, number: _3, status: _4, error: _5, cloneUrl: _6, ...more } = build
  const {
    startedAt: _7,
    finishedAt: _8,
    createdAt: _9,
    updatedAt: _10,
    version: _11,
    ...rest
  } = more
  const { sourceRepo: fork, ...hook } = rest
  return makeHook({ ...hook, fork, changedFiles: plan?.changedFiles })
}

/** A completely new trigger with the metadata of an old build: its file is fetched again at the same commit, or, where
 *  it was given as a text, is that text (scheduling.md §10). `change` says what differs. Throws `invalid` for a build
 *  that waits for an approval or was declined (quirks S5, Q12), `conflict` `manifest_gone` where its text is gone. */
export const copyRequest = async (
  { database }: Pick<ControlDeps, 'database'>,
  repo: Repo,
  build: Build,
  change: (old: Hook) => Hook,
): Promise<SubmitRequest> => {
  await refuseGated({ database }, build)
  const plan = await database.builds.findPlan(build.id)
  const hook = change(hookOf(build, plan))
  const address = repo.gitHttpUrl || build.cloneUrl
  if (plan?.isText !== true && address !== '')
    return { repo, hook, cloneUrl: address, manifest: 'fetch', resolve: true }
  const text = await manifestOf({ database }, build)
  // What was looked up for the old build is in its hook.
  return { repo, hook, cloneUrl: build.cloneUrl, manifest: { text }, resolve: false }
}

export const refuseGated = async (
  { database }: Pick<ControlDeps, 'database'>,
  build: Build,
): Promise<void> => {
  if (build.status === 'declined') throw invalid('declined_build', 'cannot start a declined build')
  const stages = isDone(build.status) ? [] : await database.stages.outline(build.id)
  if (stages.some(({ status }) => status === 'blocked'))
    throw invalid('blocked_build', 'cannot start a blocked build')
}

export const manifestOf = async (
  { database }: Pick<ControlDeps, 'database'>,
  build: Pick<Build, 'id' | 'number'>,
): Promise<string> => {
  const text = await database.builds.findManifest(build.id)
  if (text === null)
    throw conflict('manifest_gone', `the pipeline file of build ${build.number} is gone`)
  return text
}
