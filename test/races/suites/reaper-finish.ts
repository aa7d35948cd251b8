import { expect } from 'vitest'
import { passed } from '../../integration/lease-of.ts'
import { type Ground, silenceMs } from '../ground.ts'
import { judge } from '../judge.ts'
import { inRounds, startTogether } from '../race-size.ts'

export const reaperAndFinish = async (ground: Ground, races: number): Promise<void> => {
  const { all, control } = ground.replicas
  const [a, b] = all
  const { clock } = control.deps
  const won = { reaper: 0, finish: 0 }
  await inRounds(races, 20, async (count, from) => {
    const builds = await ground.submit(count)
    const leases = await ground.start(builds)
    await clock.sleep(silenceMs + 10)
    // One in four beats first, so that the reaper has to see it under its lock.
    const isBeating = (index: number) => (from + index) % 4 === 3
    // The first ends before the reaper looks and the second after, so that each side wins; the others race.
    const first = leases[0] ? await b.finish(leases[0], passed) : null
    const reaped = Promise.withResolvers<undefined>()
    const outcomes = await startTogether<unknown>(from / 20, [
      () => a.reap().finally(() => reaped.resolve(undefined)),
      ...leases.map((lease, index) => async () => {
        if (index === 0) return first
        if (index === 1) await reaped.promise
        // Spread over the time that the reaper takes for all of them.
        await clock.sleep(index % 10)
        if (isBeating(index)) await b.heartbeat(ground.worker(index), [lease])
        return b.finish(lease, passed)
      }),
    ])
    for (const [index, { build, stage }] of builds.entries()) {
      const outcome = outcomes[index + 1] as { kind: string; code?: string }
      const stored = await control.database.stages.find(stage.id)
      const isFinished = outcome.kind === 'ok'
      won[isFinished ? 'finish' : 'reaper']++
      expect(outcome.code).toBe(isFinished ? undefined : 'lease_lost')
      expect(stored?.status).toBe(isFinished ? 'success' : 'error')
      const { status } = await judge(control.database, build.id, true)
      expect(status).toBe(isFinished ? 'success' : 'error')
    }
  })
  expect(Math.min(won.reaper, won.finish)).toBeGreaterThan(0)
}
