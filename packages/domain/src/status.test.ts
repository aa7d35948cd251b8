import { describe, expect, it } from 'vitest'
import { isDone, isFailed, mayMoveStage, type StageActor, stageStatuses } from './status.ts'

const actors: readonly StageActor[] = ['worker', 'canceller', 'advancer', 'approver', 'reaper']

describe('stage transitions', () => {
  it('are exactly these, of all that could be', () => {
    const allowed = stageStatuses.flatMap((from) =>
      stageStatuses.flatMap((to) =>
        actors
          .filter((actor) => mayMoveStage(actor, from, to))
          .map((actor) => `${actor}: ${from} → ${to}`),
      ),
    )
    expect(allowed).toMatchInlineSnapshot(`
      [
        "approver: blocked → waiting_on_dependencies",
        "approver: blocked → pending",
        "reaper: blocked → error",
        "canceller: blocked → skipped",
        "approver: blocked → declined",
        "advancer: waiting_on_dependencies → pending",
        "reaper: waiting_on_dependencies → error",
        "canceller: waiting_on_dependencies → skipped",
        "advancer: waiting_on_dependencies → skipped",
        "approver: waiting_on_dependencies → declined",
        "worker: pending → running",
        "worker: pending → error",
        "reaper: pending → error",
        "worker: pending → killed",
        "canceller: pending → killed",
        "reaper: pending → killed",
        "canceller: pending → skipped",
        "reaper: running → pending",
        "worker: running → success",
        "worker: running → failure",
        "worker: running → error",
        "reaper: running → error",
        "worker: running → killed",
        "canceller: running → killed",
        "reaper: running → killed",
      ]
    `)
  })

  it('never leave a state that is done', () => {
    for (const from of stageStatuses.filter(isDone))
      for (const to of stageStatuses)
        for (const actor of actors) expect(mayMoveStage(actor, from, to)).toBe(false)
  })
})

describe('statuses', () => {
  it('are done or not, failed or not, as the table of scheduling.md §1 says', () => {
    expect(stageStatuses.filter((status) => !isDone(status))).toEqual([
      'blocked',
      'waiting_on_dependencies',
      'pending',
      'running',
    ])
    expect(stageStatuses.filter(isFailed)).toEqual(['failure', 'error', 'killed'])
  })
})
