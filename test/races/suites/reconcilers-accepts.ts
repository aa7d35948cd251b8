import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { Ground } from '../ground.ts'
import { judge } from '../judge.ts'
import { inRounds, startTogether } from '../race-size.ts'

export const reconcilersAndAccepts = async (ground: Ground, races: number): Promise<void> => {
  const { all, control } = ground.replicas
  const [a, b] = all
  await inRounds(races, 20, async (count, from) => {
    const builds = await ground.submit(count)
    const taken = builds.filter((_, index) => index % 2 === 0)
    await control.redis.command('FLUSHALL')
    const outcomes = await startTogether<unknown>(from / 20, [
      ...[a, b].map((replica) => () => replica.reconcile()),
      ...taken.flatMap(({ stage }, index) =>
        [a, b].map((replica) => () => {
          const question = { attempt: 1, requestId: randomUUID() }
          return replica.accept(ground.worker(index), stage.id, question)
        }),
      ),
    ])
    const accepted = outcomes.filter((one) => (one as { kind?: string }).kind === 'accepted')
    expect(accepted).toHaveLength(taken.length)
    for (const { build } of builds) await judge(control.database, build.id)
    const waiting = builds.filter((_, index) => index % 2 === 1)
    for (const { stage } of waiting) {
      const key = `{test}:${stage.partition}:${stage.id}-1`
      expect(await control.redis.command('EXISTS', key)).toMatch(/^:1/)
    }
    for (const { build } of builds) await a.cancel(build, 'ann')
  })
}
