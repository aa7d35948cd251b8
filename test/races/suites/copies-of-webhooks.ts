import { makeHook } from '@waggle/domain'
import { expect } from 'vitest'
import { built } from '../../integration/lease-of.ts'
import { pipeline } from '../../integration/open-control.ts'
import type { Ground } from '../ground.ts'
import { inRounds } from '../race-size.ts'
import type { Replica } from '../replica.ts'

export const copiesOfWebhooks = async (ground: Ground, hooks: number): Promise<void> => {
  const { all, control } = ground.replicas
  const repo = await control.repo()
  await inRounds(hooks, 5, async (count, from) => {
    await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const after = String(from + index).padStart(40, '0')
        const results = await Promise.all(
          Array.from({ length: 20 }, (__, copy) =>
            (all[copy % 3] as Replica).submit({
              repo,
              hook: makeHook({
                ...{ trigger: '@hook', event: 'push', ref: 'refs/heads/main' },
                ...{ target: 'main', after },
              }),
              cloneUrl: '',
              manifest: { text: pipeline('a') },
              resolve: false,
              deliveryKey: `delivery-${after}`,
            }),
          ),
        )
        const builds = results.map((one) => built(one).build.id)
        expect(new Set(builds).size).toBe(1)
        expect(results.filter((one) => one.kind === 'built' && !one.isRepeat)).toHaveLength(1)
      }),
    )
  })
  const page = { offset: 0, limit: hooks + 10 }
  const stored = await control.database.builds.list(repo.id, {}, page)
  expect(stored.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: hooks }, (_, index) => index + 1),
  )
}
