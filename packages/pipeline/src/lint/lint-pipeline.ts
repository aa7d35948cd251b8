import type { Pipeline, PipelineStep } from '../manifest.ts'
import { type LintProblem, untrusted } from './lint-problem.ts'
import { lintSteps } from './lint-steps.ts'
import { lintVolumes } from './lint-volumes.ts'

/** Rules L1 to L18 of pipeline.md §8.3 on the docker pipeline that is to run. */
export const lintPipeline = (pipeline: Pipeline, isTrusted: boolean): LintProblem[] => [
  ...lintSteps(pipeline, (step) => (isTrusted ? [] : lintTrust(step))),
  ...lintVolumes(pipeline, isTrusted),
]

/** L4 to L10: what only trusted repositories may use, each at its own place. */
const lintTrust = (step: PipelineStep): LintProblem[] => {
  const uses: readonly [boolean, string, string][] = [
    [step.privileged, 'privileged', 'enable privileged mode'],
    [step.devices.length > 0, 'devices', 'mount devices'],
    [step.dns.length > 0, 'dns', 'configure dns'],
    [step.dnsSearch.length > 0, 'dns_search', 'configure dns_search'],
    [step.extraHosts.length > 0, 'extra_hosts', 'configure extra_hosts'],
    [step.networkMode !== '', 'network_mode', 'configure network_mode'],
    [step.shmBytes > 0, 'shm_size', 'configure shm_size'],
  ]
  return uses.flatMap(([isUsed, key, what]) => (isUsed ? [untrusted(what, [key])] : []))
}
