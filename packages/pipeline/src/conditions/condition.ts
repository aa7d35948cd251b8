import type { RunPolicy } from '@waggle/domain'
import { compileGlob, type GlobBudget, matchGlob } from './glob.ts'

/** One attribute of `when` or `trigger` (pipeline.md §9.2). */
export interface Condition {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

export const conditionNames = [
  'branch',
  'event',
  'action',
  'ref',
  'repo',
  'target',
  'cron',
  'instance',
  'paths',
  'status',
] as const
type ConditionName = (typeof conditionNames)[number]

export type Conditions = Readonly<Record<ConditionName, Condition>>

export const noCondition: Condition = { include: [], exclude: [] }

/** Exclude beats include; no include lets everything in (pipeline.md §9.3). */
export const meetsCondition = (condition: Condition, value: string): boolean =>
  matcher(condition, undefined, readOnce)(value) === null

/** For a single value: keeps nothing of a pattern, of which a file may have tens of thousands. */
const readOnce: typeof compileGlob = (pattern) => (value, budget) =>
  matchGlob(pattern, value, budget)

/** Says of each value why it does not meet the condition; `null` when it does. The patterns are read once for all
 *  values, or where a single one comes to them. */
const matcher = (
  condition: Condition,
  budget?: GlobBudget,
  read = compileGlob,
): ((value: string) => string | null) => {
  const excludes = condition.exclude.map((pattern) => [pattern, read(pattern)] as const)
  const includes = condition.include.map((pattern) => read(pattern))
  return (value) => {
    const excluded = excludes.find(([, matches]) => matches(value, budget))
    if (excluded === undefined && includes.length === 0) return null
    const shown = value === '' ? '(empty)' : shorten(value, 200)
    if (excluded !== undefined)
      return `${shown} is excluded by ${shorten(excluded[0], 200) || '(empty)'}`
    if (includes.some((matches) => matches(value, budget))) return null
    return `${shown} is not in [${shorten(condition.include.join(', '), 400)}]`
  }
}

const shorten = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length)}…` : text

/** What conditions are compared with; `status` is no value but a policy. An attribute without a value is not
 *  evaluated: `instance` of a trigger, and `paths` where nobody knows which files changed. */
export type ConditionValues = Readonly<
  Partial<Record<Exclude<ConditionName, 'status' | 'paths'>, string>>
> & { readonly paths?: readonly string[] | undefined }

/** A condition that is not met. */
export interface Unmet {
  /** Such as `trigger.branch`. */
  readonly rule: string
  /** With the rule's name before it: `trigger.branch: dev is not in [main]`. */
  readonly reason: string
}

/** Steps of matching for the conditions of one step, some 20 ms at worst; threats.md T-44. */
const stepsOfMatching = 2_000_000

/** The first attribute that is not met; `null` when all are. Patterns that cost more to match than the budget, which
 *  several calls may share, are not met. */
export const firstUnmet = (
  conditions: Conditions,
  values: ConditionValues,
  prefix: 'when' | 'trigger',
  budget: GlobBudget = { left: stepsOfMatching },
): Unmet | null => {
  for (const name of conditionNames) {
    const value = name === 'status' ? undefined : values[name]
    if (value === undefined || !isGiven(conditions[name])) continue
    const why =
      typeof value === 'string'
        ? matcher(conditions[name], budget, readOnce)(value)
        : whyPathsUnmet(conditions[name], value, budget)
    const rule = `${prefix}.${name}`
    if (budget.left < 0) return { rule, reason: `${rule}: its patterns cost too much to match` }
    if (why !== null) return { rule, reason: `${rule}: ${why}` }
  }
  return null
}

/** `paths` is met by one changed file that meets it: exclude beats include for each file by itself. */
const whyPathsUnmet = (
  condition: Condition,
  files: readonly string[],
  budget: GlobBudget,
): string | null => {
  const why = matcher(condition, budget)
  if (files.some((file) => why(file) === null)) return null
  const lists = [
    ...(condition.include.length > 0 ? [`in [${condition.include.join(', ')}]`] : []),
    ...(condition.exclude.length > 0 ? [`outside of [${condition.exclude.join(', ')}]`] : []),
  ]
  return `none of ${files.length} changed files is ${shorten(lists.join(' and '), 400)}`
}

export const isGiven = (condition: Condition): boolean =>
  condition.include.length + condition.exclude.length > 0

/** `when.status` as a run policy (pipeline.md §9.6): neither of both words accepted means on-success, not never. */
export const runPolicyOf = (status: Condition): RunPolicy => {
  if (!isGiven(status) || !meetsCondition(status, 'failure')) return 'on-success'
  return meetsCondition(status, 'success') ? 'always' : 'on-failure'
}

/** `trigger.status` as the flags of a stage (pipeline.md §9.7). */
export const stageFlags = (status: Condition): { onSuccess: boolean; onFailure: boolean } => ({
  onSuccess: meetsCondition(status, 'success'),
  onFailure: isGiven(status) && meetsCondition(status, 'failure'),
})
