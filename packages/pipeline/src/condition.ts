import type { RunPolicy } from '@waggle/domain'
import { matchGlob } from './glob.ts'

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
  'status',
] as const
type ConditionName = (typeof conditionNames)[number]

export type Conditions = Readonly<Record<ConditionName, Condition>>

export const noCondition: Condition = { include: [], exclude: [] }

/** Exclude beats include; no include lets everything in (pipeline.md §9.3). */
export const meetsCondition = (condition: Condition, value: string): boolean => {
  if (condition.exclude.some((pattern) => matchGlob(pattern, value))) return false
  return (
    condition.include.length === 0 || condition.include.some((pattern) => matchGlob(pattern, value))
  )
}

/** Why the value does not meet the condition; `null` when it does. */
export const whyUnmet = (condition: Condition, value: string): string | null => {
  if (meetsCondition(condition, value)) return null
  const shown = value === '' ? '(empty)' : shorten(value, 200)
  const excluded = condition.exclude.find((pattern) => matchGlob(pattern, value))
  if (excluded !== undefined) return `${shown} is excluded by ${shorten(excluded, 200)}`
  return `${shown} is not in [${shorten(condition.include.join(', '), 400)}]`
}

const shorten = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length)}…` : text

/** What a step's conditions are compared with; `status` is no value but a policy. */
export type ConditionValues = Readonly<Record<Exclude<ConditionName, 'status'>, string>>

/** The first attribute that is not met, as a reason; `null` when all are. */
export const firstUnmet = (
  conditions: Conditions,
  values: Partial<ConditionValues>,
  prefix: string,
): string | null => {
  for (const name of conditionNames) {
    const value = name === 'status' ? undefined : values[name]
    if (value === undefined) continue
    const reason = whyUnmet(conditions[name], value)
    if (reason !== null) return `${prefix}.${name}: ${reason}`
  }
  return null
}

const isGiven = (condition: Condition): boolean =>
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
