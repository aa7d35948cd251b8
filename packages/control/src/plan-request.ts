import type { ControlDeps } from './control-deps.ts'
import { explainPlan } from './explain-plan.ts'
import { boundHook } from './new-build.ts'
import type { PlanReport } from './plan-report.ts'
import { readSource } from './read-source.ts'
import type { SubmitRequest } from './submit-request.ts'

/** What `submitBuild` would make of a request, without making it. A repository with id 0 is one that does not exist
 *  yet. Throws only when the system fails, or for texts that no build takes. */
export const planRequest = async (
  deps: Pick<ControlDeps, 'database' | 'source' | 'converter' | 'system' | 'clock'>,
  request: SubmitRequest,
  signal?: AbortSignal,
): Promise<PlanReport> => {
  const { repo, cloneUrl } = request
  const bounded = { ...request, hook: boundHook(request.hook) }
  const { hook, text, error } = await readSource(deps, bounded, signal)
  const { database } = deps
  const kept = repo.id === 0 ? [] : await database.secrets.listByRepo(repo.id)
  const shared = await database.orgSecrets.listByNamespace(repo.namespace)
  const secrets = [...kept, ...shared]
  const nowMs = deps.clock.now()
  const report = explainPlan({ text, hook, repo, cloneUrl, secrets, system: deps.system, nowMs })
  // What could not be read has no stages to tell of.
  return error === null ? report : { ...report, stages: [], reason: error, isError: true }
}
