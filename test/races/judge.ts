import { resolveStages } from '@waggle/control'
import { type Build, type Database, isDone } from '@waggle/domain'
import { expect } from 'vitest'

/** What must hold of a build whatever raced over it (reliability.md §0.3): each stage has one owner at most, its attempts
 *  are numbered without gaps, nothing runs on without its row, and the build is over when its stages are, as they say. */
export const judge = async (
  database: Database,
  buildId: number,
  isToBeOver = false,
): Promise<Build> => {
  const build = await database.builds.find(buildId)
  if (!build) throw new Error('the build is gone')
  const stages = await database.stages.listByBuild(buildId)
  for (const stage of stages) {
    const attempts = (await database.attempts.listByStage(stage.id, 100)).toReversed()
    expect(attempts.map(({ number }) => number)).toEqual(attempts.map((_, index) => index + 1))
    expect(stage.attempt).toBe(attempts.length)
    const open = attempts.filter(({ state }) => state !== 'ended')
    expect(open.map(({ number }) => number)).toEqual(stage.isHeld ? [stage.attempt] : [])
    // One that ended without a word, or a cancelled one that goes on.
    for (const { state, end } of attempts) expect(state === 'ended').toBe(end !== '')
    if (isDone(stage.status)) expect(open.every(({ state }) => state === 'closing')).toBe(true)
    if (stage.status === 'running') expect(stage.isHeld).toBe(true)
    const steps = await database.steps.listByStage(stage.id)
    if (isDone(stage.status)) expect(steps.filter(({ status }) => !isDone(status))).toEqual([])
  }
  const areOver = stages.every(({ status }) => isDone(status))
  expect(isDone(build.status)).toBe(areOver)
  const { completion } = resolveStages(stages)
  if (!['killed', 'skipped', 'declined'].includes(build.status))
    expect(completion ?? build.status).toBe(build.status)
  if (isToBeOver) expect(areOver).toBe(true)
  return build
}
