import { matchGlob } from '../conditions/glob.ts'
import type { Pipeline } from '../manifest.ts'
import { type LintProblem, untrusted } from './lint-problem.ts'
import { lintSteps } from './lint-steps.ts'
import { lintVolumes } from './lint-volumes.ts'

/** Which repositories may use a namespace: patterns of slugs by namespace. One without patterns is free. */
export interface NamespaceRules {
  readonly slug: string
  readonly patterns: Readonly<Record<string, readonly string[]>>
}

/** Rules of a kubernetes pipeline (pipeline.md §8.4): those of containers without L5 to L10, and its own. */
export const lintKubernetes = (
  pipeline: Pipeline,
  isTrusted: boolean,
  rules?: NamespaceRules,
): LintProblem[] => [
  ...lintLimits(pipeline),
  ...lintSteps(pipeline, ({ privileged }) =>
    privileged && !isTrusted ? [untrusted('enable privileged mode', ['privileged'])] : [],
  ),
  ...lintVolumes(pipeline, isTrusted),
  ...lintNamespace(pipeline, rules),
]

const lintLimits = ({ kubernetes }: Pipeline): LintProblem[] =>
  (
    [
      ['cpu', kubernetes?.limits.cpuMillis],
      ['memory', kubernetes?.limits.memoryBytes],
    ] as const
  ).flatMap(([key, amount]): LintProblem[] => {
    if (amount === undefined || amount === 0) return []
    const message = `linter: ${key} limit cannot be applied at stage level`
    return [{ code: 'stage_limit', message, path: ['resources', 'limits', key] }]
  })

const lintNamespace = (
  { kubernetes }: Pipeline,
  rules: NamespaceRules | undefined,
): LintProblem[] => {
  const namespace = kubernetes?.namespace ?? ''
  if (rules === undefined || !Object.hasOwn(rules.patterns, namespace)) return []
  const patterns = rules.patterns[namespace] ?? []
  if (patterns.length === 0 || patterns.some((pattern) => matchGlob(pattern, rules.slug))) return []
  const message = 'linter: pipeline restricted from using configured namespace'
  return [{ code: 'namespace', message, path: ['metadata', 'namespace'] }]
}
