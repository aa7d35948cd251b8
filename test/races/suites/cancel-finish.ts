import type { Lease } from '@waggle/domain'
import { expect } from 'vitest'
import { passed } from '../../integration/lease-of.ts'
import { manifest, pipeline } from '../../integration/open-control.ts'
import type { Ground } from '../ground.ts'
import { judge } from '../judge.ts'
import { inRounds, startTogether } from '../race-size.ts'

export const cancelAndFinish = async (ground: Ground, races: number): Promise<void> => {
  const { all, control } = ground.replicas
  const [a, b] = all
  const won = { cancel: 0, finish: 0 }
  await inRounds(races, 20, async (count, from) => {
    // Where no stage is left, the finish ends the build and there is nothing to cancel.
    const isLast = from % 40 === 0
    const rest = isLast ? [] : [pipeline('b', 'a')]
    const builds = await ground.submit(count, manifest(pipeline('a'), ...rest))
    const leases = await ground.start(builds)
    await Promise.all(
      builds.map(async ({ build, stage }, index) => {
        const lease = leases[index] as Lease
        const [cancelled, finished] = await startTogether<unknown>(from + index, [
          () => a.cancel(build, 'ann'),
          () => b.finish(lease, passed),
        ])
        const stored = await control.database.stages.find(stage.id)
        const isFirst = (finished as { kind: string }).kind === 'ok'
        won[isFirst ? 'finish' : 'cancel']++
        expect(stored?.status).toBe(isFirst ? 'success' : 'killed')
        expect(finished).toEqual(isFirst ? { kind: 'ok' } : { kind: 'refused', code: 'cancelled' })
        const isCancelled = !(isFirst && isLast)
        expect(cancelled).toMatchObject({ isCancelled })
        // Of one that was not cancelled there is nothing to acknowledge.
        expect((await b.acknowledge(lease, [])).kind).toBe(isFirst ? 'refused' : 'ok')
        const { status } = await judge(control.database, build.id, true)
        expect(status).toBe(isCancelled ? 'killed' : 'success')
      }),
    )
  })
  // A race that always ends the same way is none.
  expect(Math.min(won.cancel, won.finish)).toBeGreaterThan(0)
}
