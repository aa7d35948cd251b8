import {
  type Attempt,
  type Grant,
  invalid,
  isDone,
  type LogKey,
  type Step,
  type Stores,
} from '@waggle/domain'

/** Commits that these steps may start (rule G4: grant before start). The first grant of an attempt is what makes its
 *  loss a loss: from then on something may have run. `invalid` for a step or try that cannot come next. Gives the
 *  logs that have to be opened after the commit. */
export const applyGrants = async (
  stores: Stores,
  attempt: Attempt,
  steps: readonly Step[],
  grants: readonly Grant[],
  nowMs: number,
): Promise<readonly LogKey[]> => {
  if (grants.length === 0) return []
  const byNumber = new Map(steps.map((step) => [step.number, step]))
  const opened: LogKey[] = []
  for (const grant of grants) {
    const step = byNumber.get(grant.step)
    if (!step) throw invalid('unknown_step', `the stage has no step ${grant.step}`)
    const isRepeat = grant.try <= step.grantedTry
    if (isRepeat && isDone(step.status)) continue
    if (!isRepeat) {
      checkNext(step, grant)
      const granted = await stores.steps.update(
        step.id,
        { grantedTry: grant.try, status: 'running', startedAt: step.startedAt || nowMs },
        ['pending', 'running'],
      )
      if (granted) byNumber.set(granted.number, granted)
    }
    opened.push({
      stageId: attempt.stageId,
      attempt: attempt.number,
      step: grant.step,
      try: grant.try,
    })
  }
  if (attempt.state === 'leased')
    await stores.attempts.update(attempt.stageId, attempt.number, { state: 'granted' }, ['leased'])
  return opened
}

const checkNext = (step: Step, grant: Grant): void => {
  if (isDone(step.status)) throw invalid('step_ended', `step ${grant.step} has ended`)
  if (grant.try !== step.grantedTry + 1)
    throw invalid('bad_try', `step ${grant.step} comes to its try ${step.grantedTry + 1} next`)
}
