import type { Build, Hook, Repo } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { copyRequest, type Restart } from './copy-request.ts'
import type { SubmitResult } from './submit-request.ts'
import { submitBuild } from './trigger.ts'

/** A new build of the same event and commit. Parameters of the old build win over given ones of the same name (quirk
 *  Q6). Throws `invalid` for a build that waits for an approval or was declined. */
export const restartBuild = async (
  deps: ControlDeps,
  repo: Repo,
  build: Build,
  restart: Restart,
): Promise<SubmitResult> => {
  const request = await copyRequest(deps, repo, build, (old) => restarted(old, build, restart))
  const { deliveryKey } = restart
  return submitBuild(deps, { ...request, ...(deliveryKey === undefined ? {} : { deliveryKey }) })
}

/** The hook of a restart (rest-api.md §7.3, webhooks.md §7). */
export const restarted = (
  old: Hook,
  { number }: Pick<Build, 'number'>,
  restart: Restart,
): Hook => ({
  ...old,
  trigger: restart.by,
  parent: number,
  debug: restart.debug ?? false,
  params: { ...restart.params, ...old.params },
})
