import { invalid } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { openRepoSecret } from '../hand-over/open-repo-secret.ts'
import { completeChangedFiles } from '../trigger/changed-files.ts'
import { hasSignature } from '../trigger/has-signature.ts'
import { boundHook } from '../trigger/new-build.ts'
import { readSource } from '../trigger/read-source.ts'
import type { SubmitRequest } from '../trigger/submit-request.ts'
import { explainPlan } from './explain-plan.ts'
import type { PlanReport } from './plan-report.ts'

/** What `submitBuild` would make of a request, without making it. A repository with id 0 is one that does not exist
 *  yet. Throws only when the system fails, or for texts that no build takes. */
export const planRequest = async (
  deps: ControlDeps,
  request: SubmitRequest,
  signal?: AbortSignal,
): Promise<PlanReport> => {
  const { repo, cloneUrl } = request
  const bounded = { ...request, hook: boundHook(request.hook) }
  const { hook: completed, text, error } = await readSource(deps, bounded, signal)
  // What is read here below was read there within its limits.
  const read = await deps.manifests.plan({ text, hook: completed, repo })
  if (read.refusal !== null) throw invalid('manifest_too_costly', read.refusal)
  const hook = await completeChangedFiles(deps, bounded, completed, read.readsPaths, signal)
  const { secrets, orgSecrets } = deps.database
  const stored =
    repo.id === 0
      ? []
      : [
          ...(await secrets.listByRepo(repo.id)),
          ...(await orgSecrets.listByNamespace(repo.namespace)),
        ]
  const report = await explainPlan({
    ...{ text, hook, repo, cloneUrl, secrets: stored, system: deps.system },
    key: openRepoSecret(deps.sealer, repo),
    isSigned: () => hasSignature(deps, { repo, hook }, text),
    nowMs: deps.clock.now(),
  })
  // What could not be read has no stages to tell of.
  return error === null ? report : { ...report, stages: [], reason: error, isError: true }
}
