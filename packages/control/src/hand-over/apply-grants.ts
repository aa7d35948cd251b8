import {
  type Attempt,
  type Grant,
  invalid,
  isDone,
  type LogKey,
  type NewStep,
  type Step,
  type Stores,
} from '@waggle/domain'

/** Commits that these steps may start (rule G4: grant before start). The first grant that counts is what makes the loss
 *  of an attempt a loss: from then on something may have run. `invalid` for a step or try that cannot come next. Gives
 *  the logs that have to be opened after the commit. */
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
  if (attempt.state === 'leased' && grants.some(doesCount))
    await stores.attempts.change(attempt.stageId, attempt.number, { state: 'granted' }, ['leased'])
  return opened
}

/** The implicit clone is no grant (design §14). It is always the first step: no other may pass for it. */
export const doesCount = (grant: Grant): boolean => grant.isImplicit !== true || grant.step !== 1

/** The records of a stage that just starts, those that are granted already running: one statement instead of one for
 *  each. The same refusals as above. */
export const grantAtStart = (
  steps: readonly NewStep[],
  grants: readonly Grant[],
  nowMs: number,
): readonly NewStep[] => {
  const byNumber = new Map(steps.map((step) => [step.number, step]))
  for (const grant of grants) {
    const step = byNumber.get(grant.step)
    if (!step) throw invalid('unknown_step', `the stage has no step ${grant.step}`)
    checkNext(step, grant)
    const granted = { grantedTry: grant.try, status: 'running', startedAt: nowMs } as const
    byNumber.set(grant.step, { ...step, ...granted })
  }
  return [...byNumber.values()]
}

const checkNext = (step: NewStep, grant: Grant): void => {
  if (isDone(step.status)) throw invalid('step_ended', `step ${grant.step} has ended`)
  if (grant.try !== step.grantedTry + 1)
    throw invalid('bad_try', `step ${grant.step} comes to its try ${step.grantedTry + 1} next`)
}
