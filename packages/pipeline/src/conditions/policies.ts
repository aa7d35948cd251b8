import type { ErrPolicy, Given, PullPolicy, RunPolicy } from '@waggle/domain'
import type { PipelineStep } from '../manifest.ts'
import { firstUnmet, runPolicyOf } from './condition.ts'

/** Whether and when a step runs (pipeline.md §12.10): never, if a condition other than the status is unmet. */
export const stepRunPolicy = (step: PipelineStep, given: Given): RunPolicy =>
  whyStepSkipped(step, given) === null ? runPolicyOf(step.when.status) : 'never'

/** The condition that keeps a step from running whatever happens, such as `when.branch: dev is not in [main]`. */
export const whyStepSkipped = (
  step: PipelineStep,
  { build, repo, system }: Given,
): string | null => {
  const values = {
    branch: build.target,
    event: build.event,
    action: build.action,
    ref: build.ref,
    repo: repo.slug,
    target: build.deployTo,
    cron: build.cron,
    instance: system.host,
    paths: build.changedFiles,
  }
  return firstUnmet(step.when, values, 'when')?.reason ?? null
}

/** `failure` (pipeline.md §5.6.5), compared exactly. */
export const stepErrPolicy = (failure: string): ErrPolicy => {
  if (failure === 'ignore') return 'ignore'
  return ['fast', 'fast-fail', 'fail-fast'].includes(failure) ? 'fail-fast' : 'fail'
}

/** `pull` (pipeline.md §5.6.6), compared without case. */
export const stepPullPolicy = (pull: string): PullPolicy => {
  const word = pull.toLowerCase()
  return word === 'always' || word === 'if-not-exists' || word === 'never' ? word : 'default'
}
