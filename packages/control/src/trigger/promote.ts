import { type Build, invalid, type Repo } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { copyRequest, type Restart } from './copy-request.ts'
import type { SubmitResult } from './submit-request.ts'
import { submitBuild } from './trigger.ts'

export interface Promotion extends Omit<Restart, 'debug'> {
  readonly event: 'promote' | 'rollback'
  readonly target: string
}

/** A new build that deploys the commit of an old one to a target, or puts it back there. Given parameters win over the
 *  old ones; pipelines are chosen anew, by the new event and target (rest-api.md §7.3). Throws `invalid` without a
 *  target, and for a build that waits for an approval or was declined. */
export const promoteBuild = async (
  deps: ControlDeps,
  repo: Repo,
  build: Build,
  { event, target, by, params, deliveryKey }: Promotion,
): Promise<SubmitResult> => {
  if (target === '') throw invalid('no_target', 'Missing target environment')
  const request = await copyRequest(deps, repo, build, (old) => ({
    ...old,
    event,
    deployTo: target,
    deployId: 0,
    debug: false,
    trigger: by,
    parent: build.number,
    params: { ...old.params, ...params },
    // A deployment changes no files: conditions on paths are not evaluated.
    changedFiles: undefined,
  }))
  return submitBuild(deps, { ...request, ...(deliveryKey === undefined ? {} : { deliveryKey }) })
}
