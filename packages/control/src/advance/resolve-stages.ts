import { type BuildStatus, isDone, isFailed, type Stage, type StageStatus } from '@waggle/domain'

export type ResolvableStage = Pick<
  Stage,
  'id' | 'name' | 'status' | 'dependsOn' | 'onSuccess' | 'onFailure'
>

export interface StageChanges {
  /** Unwanted: they never run. */
  readonly skipped: readonly number[]
  /** Their dependencies are done: they may run now. */
  readonly pending: readonly number[]
  /** How the build ended, or `null` while it is not complete. */
  readonly completion: BuildStatus | null
}

const incomplete: ReadonlySet<StageStatus> = new Set([
  'pending',
  'running',
  'waiting_on_dependencies',
  'blocked',
  // A declined stage has set its build's status itself (scheduling.md §8).
  'declined',
])

/** What follows for the stages of a build after one of them ended, and for the build (scheduling.md §7 and §8).
 *  Pure; asking again after the changes were stored gives no further ones. */
export const resolveStages = (stages: readonly ResolvableStage[]): StageChanges => {
  const ordered = [...stages].sort((a, b) => a.id - b.id)
  const status = new Map(ordered.map((stage) => [stage.id, stage.status]))
  const named = groupByName(ordered)
  const hasFailed = ordered.some((stage) => isFailed(stage.status))
  const depsDone = (stage: ResolvableStage): boolean =>
    stage.dependsOn.every((name) =>
      (named.get(name) ?? []).every((id) => isDone(status.get(id) ?? 'pending')),
    )
  const waiting = () =>
    ordered.filter((stage) => status.get(stage.id) === 'waiting_on_dependencies')

  const skipped: number[] = []
  // In id order, so that skipping cascades in one pass: dependencies have lower ids (§3.8).
  for (const stage of waiting()) {
    const isUnwanted = hasFailed ? !stage.onFailure : !stage.onSuccess
    if (!isUnwanted || !depsDone(stage)) continue
    status.set(stage.id, 'skipped')
    skipped.push(stage.id)
  }
  const pending = waiting()
    .filter((stage) => stage.dependsOn.length > 0 && depsDone(stage))
    .map((stage) => stage.id)
  for (const id of pending) status.set(id, 'pending')
  return { skipped, pending, completion: completionOf(ordered, status) }
}

const completionOf = (
  ordered: readonly ResolvableStage[],
  status: ReadonlyMap<number, StageStatus>,
): BuildStatus | null => {
  for (const value of status.values()) if (incomplete.has(value)) return null
  // The first failed stage by id decides, not the worst one (quirk S2).
  for (const stage of ordered) {
    const value = status.get(stage.id)
    if (value === 'failure' || value === 'killed' || value === 'error') return value
  }
  return 'success'
}

const groupByName = (
  stages: readonly ResolvableStage[],
): ReadonlyMap<string, readonly number[]> => {
  const groups = new Map<string, number[]>()
  for (const stage of stages) {
    const ids = groups.get(stage.name)
    if (ids) ids.push(stage.id)
    else groups.set(stage.name, [stage.id])
  }
  return groups
}
