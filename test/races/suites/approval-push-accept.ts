import { randomUUID } from 'node:crypto'
import { makeHook } from '@waggle/domain'
import { expect } from 'vitest'
import { built } from '../../integration/lease-of.ts'
import { pipeline } from '../../integration/open-control.ts'
import type { Ground } from '../ground.ts'
import { judge } from '../judge.ts'
import { inRounds, startTogether } from '../race-size.ts'
import type { Replica } from '../replica.ts'

export const approvalPushAccept = async (ground: Ground, races: number): Promise<void> => {
  const { all, control } = ground.replicas
  const [a, b, c] = all
  const { database } = control
  const repo = await control.repo({
    protected: true,
    autoCancelPullRequests: true,
    autoCancelRunning: true,
  })
  const push = (replica: Replica, ref: string, commit: number) =>
    replica.submit({
      repo,
      hook: makeHook({
        ...{ trigger: '@hook', event: 'pull_request', action: 'synchronized', ref },
        ...{ target: 'main', fork: 'bob/app', after: String(commit).padStart(40, 'a') },
      }),
      cloneUrl: '',
      manifest: { text: pipeline('a') },
      resolve: false,
    })
  await inRounds(races, 10, async (count, from) => {
    await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const turn = from + index
        const ref = `refs/pull/${turn + 1}/head`
        const { build, stage } = built(await push(a, ref, 2 * turn))
        expect(stage.status).toBe('blocked')
        const accept = () =>
          c.accept(ground.worker(index), stage.id, { attempt: 1, requestId: randomUUID() })
        const [, pushed, early] = await startTogether<unknown>(turn, [
          () => a.approve(build, 1, 'ann'),
          () => push(b, ref, 2 * turn + 1),
          accept,
        ])
        const later = await accept()
        await judge(database, build.id)
        const stored = await database.stages.find(stage.id)
        const taken = [early as typeof later, later].filter((one) => one.kind === 'accepted')
        expect(taken.length).toBe(stored?.attempt)
        // The forced push is another commit: nobody approved it.
        const next = built(pushed as Awaited<ReturnType<typeof push>>)
        expect((await database.stages.find(next.stage.id))?.status).toBe('blocked')
      }),
    )
  })
}
