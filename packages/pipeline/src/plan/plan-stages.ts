import type { Hook, Labels, Retry } from '@waggle/domain'
import {
  type ConditionValues,
  firstUnmet,
  stageFlags,
  type Unmet,
} from '../conditions/condition.ts'
import type { GlobBudget } from '../conditions/glob.ts'
import { lintFile } from '../lint/lint-file.ts'
import type { ParsedManifest, Pipeline } from '../manifest.ts'
import { byPlace, formatIssues } from '../manifest-issue.ts'
import { stagesOfName } from './matrix-instances.ts'

/** A stage to be made (pipeline.md §11.3). */
export interface PlannedStage {
  /** 1-based, over the stages of the build. */
  readonly number: number
  readonly name: string
  readonly kind: string
  readonly type: string
  readonly os: string
  readonly arch: string
  readonly variant: string
  readonly kernel: string
  readonly limit: number
  readonly throttle: number
  readonly labels: Labels
  readonly dependsOn: readonly string[]
  readonly onSuccess: boolean
  readonly onFailure: boolean
  /** Beyond Drone: further attempts of the stage; absent = none. */
  readonly retry?: Retry
}

export interface SkippedStage {
  readonly name: string
  /** The attribute that was not met, such as `trigger.branch`. */
  readonly rule: string
  /** Names the rule: `trigger.branch: dev is not in [main]`. */
  readonly reason: string
}

export type StagePlan =
  | {
      readonly kind: 'stages'
      readonly stages: readonly PlannedStage[]
      readonly skipped: readonly SkippedStage[]
    }
  /** Nothing to build, and why. */
  | { readonly kind: 'none'; readonly skipped: readonly SkippedStage[] }
  /** The file is wrong: the build gets status `error` with this text. */
  | { readonly kind: 'error'; readonly message: string }

/** Steps of matching for all triggers of a file, some 200 ms at worst (threats.md T-44). */
const stepsOfMatching = 20_000_000

/** Which pipelines of a file become stages for this hook (pipeline.md §8.1, §9, §11.2 to §11.4). Pure. */
export const planStages = (
  manifest: ParsedManifest,
  hook: Hook,
  repo: { readonly slug: string; readonly throttle: number },
): StagePlan => {
  const issues = [...manifest.issues, ...lintFile(manifest)].toSorted(byPlace)
  if (issues.length > 0) return { kind: 'error', message: formatIssues(issues) }
  const documents = manifest.documents.filter((document) => document.role === 'pipeline')
  const pipelines = documents.map((document) => document.pipeline)
  const skipped: SkippedStage[] = []
  const remaining: Pipeline[] = []
  const budget = { left: stepsOfMatching }
  for (const pipeline of pipelines) {
    const unmet = whySkipped(pipeline, hook, repo.slug, budget)
    if (unmet === null) remaining.push(pipeline)
    else skipped.push({ name: pipeline.name, ...unmet })
  }
  if (remaining.length === 0) return { kind: 'none', skipped }
  const dependencies = bridgeSkipped(pipelines, new Set(remaining.map(({ name }) => name)))
  const stages = remaining.map((pipeline, index) =>
    plan(pipeline, index + 1, repo.throttle, dependencies.get(pipeline.name) ?? []),
  )
  return { kind: 'stages', stages, skipped }
}

const whySkipped = (
  pipeline: Pipeline,
  hook: Hook,
  slug: string,
  budget: GlobBudget,
): Unmet | null => {
  const { event, action, ref, cron } = hook
  const values: ConditionValues = {
    branch: hook.target,
    event,
    action,
    ref,
    repo: slug,
    target: hook.deployTo,
    cron,
    paths: hook.changedFiles,
  }
  return firstUnmet(pipeline.trigger, values, 'trigger', budget)
}

/** The dependencies of each pipeline, skipped ones replaced by theirs, the name of a matrix by all of its stages,
 *  without duplicates. One pass in file order is enough, as dependencies name earlier pipelines only. */
const bridgeSkipped = (
  pipelines: readonly Pipeline[],
  remaining: ReadonlySet<string>,
): Map<string, readonly string[]> => {
  const resolved = new Map<string, readonly string[]>()
  const stages = stagesOfName(pipelines)
  for (const { name, dependsOn } of pipelines) {
    const names = dependsOn
      .flatMap((dependency) => stages.get(dependency) ?? [])
      .flatMap((stage) => (remaining.has(stage) ? [stage] : (resolved.get(stage) ?? [])))
    resolved.set(name, [...new Set(names)])
  }
  return resolved
}

const plan = (
  pipeline: Pipeline,
  number: number,
  throttle: number,
  dependsOn: readonly string[],
): PlannedStage => ({
  number,
  name: pipeline.name,
  kind: pipeline.kind,
  type: pipeline.type,
  os: pipeline.platform.os || 'linux',
  arch: pipeline.platform.arch || 'amd64',
  variant: pipeline.platform.variant,
  kernel: pipeline.platform.version,
  limit: pipeline.limit,
  throttle,
  labels: pipeline.node,
  dependsOn,
  ...stageFlags(pipeline.trigger.status),
  ...(pipeline.waggle.retry.count > 0 ? { retry: pipeline.waggle.retry } : {}),
})
