import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { Ground } from '../ground.ts'
import { judge } from '../judge.ts'
import { inRounds } from '../race-size.ts'
import type { Replica } from '../replica.ts'

export const acceptsOfOneStage = async (ground: Ground, races: number): Promise<void> => {
  const { all, control } = ground.replicas
  await inRounds(races, 5, async (count) => {
    for (const { build, stage } of await ground.submit(count)) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          (all[index % 3] as Replica).accept(ground.worker(index), stage.id, {
            attempt: 1,
            requestId: randomUUID(),
          }),
        ),
      )
      expect(answers.filter(({ kind }) => kind === 'accepted')).toHaveLength(1)
      const codes = answers.flatMap((one) => (one.kind === 'refused' ? [one.code] : []))
      expect(new Set(codes)).toEqual(new Set(['not_pending']))
      await judge(control.database, build.id)
      await all[0].cancel(build, 'ann')
    }
  })
}
