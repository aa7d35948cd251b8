import { randomUUID } from 'node:crypto'
import {
  acceptStage,
  acknowledgeCancel,
  approveStage,
  cancelBuild,
  finishStage,
  heartbeat,
  Reaper,
  ReaperHealth,
  Reconciler,
  submitBuild,
} from '@waggle/control'
import { isWaggleError, type Lease, makeHook, type WorkerRecord } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, passed, runningLease } from '../integration/lease-of.ts'
import { manifest, pipeline } from '../integration/open-control.ts'
import { judge } from './judge.ts'
import { openReplicas, type Replicas } from './open-replicas.ts'
import { inRounds, raceSize, raceTimeoutMs, startTogether } from './race-size.ts'

const silenceMs = 60

/** The race suites of reliability.md D.3, on one database: half of each suite's races. */
export const describeRaces = (name: 'sqlite' | 'postgres'): void => {
  const size = (whole: number) => raceSize(whole / 2)
  let replicas: Replicas
  let workers: readonly WorkerRecord[]

  beforeAll(async () => {
    // An attempt is silent as soon as a test says so; nothing else looks for silent ones here.
    replicas = await openReplicas(name, {
      requeueMs: silenceMs,
      lostMs: silenceMs,
      graceMs: 0,
      breakerMs: 0,
    })
    workers = [await replicas.control.worker(), await replicas.control.worker()]
  })
  afterAll(() => replicas.close())

  const worker = (index: number): WorkerRecord => workers[index % workers.length] as WorkerRecord
  const submitSome = async (count: number, text = pipeline('a')) => {
    const repo = await replicas.control.repo()
    const results = []
    for (let i = 0; i < count; i++) results.push(built(await replicas.control.submit(repo, text)))
    return results
  }

  describe(`races on ${name}`, () => {
    it(
      'a cancel and a finish that come together have one winner, and the loser hears it',
      async () => {
        const [a, b] = replicas.all
        const won = { cancel: 0, finish: 0 }
        await inRounds(size(10_000), 20, async (count, from) => {
          // Where no stage is left, the finish ends the build and there is nothing to cancel.
          const isLast = from % 40 === 0
          const rest = isLast ? [] : [pipeline('b', 'a')]
          const builds = await submitSome(count, manifest(pipeline('a'), ...rest))
          const leases = await Promise.all(
            builds.map(({ stage }, index) =>
              runningLease(replicas.control, worker(index), stage.id),
            ),
          )
          await Promise.all(
            builds.map(async ({ build, stage }, index) => {
              const lease = leases[index] as Lease
              const [cancelled, finished] = await startTogether<unknown>(from + index, [
                () => cancelBuild(a, build, 'ann'),
                () => finishStage(b, lease, passed),
              ])
              const stored = await a.database.stages.find(stage.id)
              const isFirst = (finished as { kind: string }).kind === 'ok'
              won[isFirst ? 'finish' : 'cancel']++
              expect(stored?.status).toBe(isFirst ? 'success' : 'killed')
              expect(finished).toEqual(
                isFirst ? { kind: 'ok' } : { kind: 'refused', code: 'cancelled' },
              )
              const isCancelled = !(isFirst && isLast)
              expect(cancelled).toMatchObject({ isCancelled })
              // Of one that was not cancelled there is nothing to acknowledge.
              expect((await acknowledgeCancel(b, lease, [])).kind).toBe(isFirst ? 'refused' : 'ok')
              const { status } = await judge(a.database, build.id, true)
              expect(status).toBe(isCancelled ? 'killed' : 'success')
            }),
          )
        })
        // A race that always ends the same way is none.
        expect(Math.min(won.cancel, won.finish)).toBeGreaterThan(0)
      },
      raceTimeoutMs,
    )

    it(
      'of 100 accepts of one stage by all replicas one is answered yes',
      async () => {
        await inRounds(size(1_000), 5, async (count) => {
          const builds = await submitSome(count)
          for (const { build, stage } of builds) {
            const answers = await Promise.all(
              Array.from({ length: 100 }, (_, index) =>
                acceptStage(
                  replicas.all[index % 3] as Replicas['all'][0],
                  worker(index),
                  stage.id,
                  {
                    attempt: 1,
                    requestId: randomUUID(),
                  },
                ),
              ),
            )
            expect(answers.filter(({ kind }) => kind === 'accepted')).toHaveLength(1)
            const codes = answers.flatMap((one) => (one.kind === 'refused' ? [one.code] : []))
            expect(new Set(codes)).toEqual(new Set(['not_pending']))
            await judge(replicas.all[0].database, build.id)
            await cancelBuild(replicas.all[0], build, 'ann')
          }
        })
      },
      raceTimeoutMs,
    )

    it(
      'of 20 copies of a webhook to three replicas one builds, and numbers have no gap',
      async () => {
        const repo = await replicas.control.repo()
        const hooks = size(1_000)
        await inRounds(hooks, 5, async (count, from) => {
          await Promise.all(
            Array.from({ length: count }, async (_, index) => {
              const after = String(from + index).padStart(40, '0')
              const results = await Promise.all(
                Array.from({ length: 20 }, (__, copy) =>
                  submitBuild(replicas.all[copy % 3] as Replicas['all'][0], {
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
        const { database } = replicas.all[0]
        const all = await database.builds.list(repo.id, {}, { offset: 0, limit: hooks + 10 })
        expect(all.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: hooks }, (_, index) => index + 1),
        )
      },
      raceTimeoutMs,
    )

    it(
      'an approval, a forced push and an accept that come together leave nothing that runs unasked',
      async () => {
        const [a, b, c] = replicas.all
        const repo = await replicas.control.repo({
          protected: true,
          autoCancelPullRequests: true,
          autoCancelRunning: true,
        })
        const push = (deps: Replicas['all'][0], ref: string, commit: number) =>
          submitBuild(deps, {
            repo,
            hook: makeHook({
              ...{ trigger: '@hook', event: 'pull_request', action: 'synchronized', ref },
              ...{ target: 'main', fork: 'bob/app', after: String(commit).padStart(40, 'a') },
            }),
            cloneUrl: '',
            manifest: { text: pipeline('a') },
            resolve: false,
          })
        await inRounds(size(2_000), 10, async (count, from) => {
          await Promise.all(
            Array.from({ length: count }, async (_, index) => {
              const turn = from + index
              const ref = `refs/pull/${turn + 1}/head`
              const { build, stage } = built(await push(a, ref, 2 * turn))
              expect(stage.status).toBe('blocked')
              const accept = () =>
                acceptStage(c, worker(index), stage.id, { attempt: 1, requestId: randomUUID() })
              const [, pushed, early] = await startTogether<unknown>(turn, [
                () => approveStage(a, build, 1, 'ann').catch(whatIsKnown),
                () => push(b, ref, 2 * turn + 1),
                accept,
              ])
              const later = await accept()
              await judge(a.database, build.id)
              const stored = await a.database.stages.find(stage.id)
              const taken = [early as typeof later, later].filter((one) => one.kind === 'accepted')
              expect(taken.length).toBe(stored?.attempt)
              // The forced push is another commit: nobody approved it.
              const next = built(pushed as Awaited<ReturnType<typeof push>>)
              expect((await a.database.stages.find(next.stage.id))?.status).toBe('blocked')
            }),
          )
        })
      },
      raceTimeoutMs,
    )

    it(
      'of the reaper and a late finish one ends the stage, once',
      async () => {
        const [a, b] = replicas.all
        const won = { reaper: 0, finish: 0 }
        await inRounds(size(5_000), 20, async (count, from) => {
          const builds = await submitSome(count)
          const leases = await Promise.all(
            builds.map(({ stage }, index) =>
              runningLease(replicas.control, worker(index), stage.id),
            ),
          )
          await a.clock.sleep(silenceMs + 10)
          // One in four beats first, so that the reaper has to see it under its lock.
          const isBeating = (index: number) => (from + index) % 4 === 3
          // The first ends before the reaper looks and the second after, so that each side wins; the others race.
          const first = leases[0] ? await finishStage(b, leases[0], passed) : null
          const reaped = Promise.withResolvers<undefined>()
          const outcomes = await startTogether<unknown>(from / 20, [
            () =>
              new Reaper(a, new ReaperHealth(a.clock, 0))
                .run(0)
                .finally(() => reaped.resolve(undefined)),
            ...leases.map((lease, index) => async () => {
              if (index === 0) return first
              if (index === 1) await reaped.promise
              // Spread over the time that the reaper takes for all of them.
              await a.clock.sleep(index % 10)
              if (isBeating(index)) await heartbeat(b, worker(index), [lease])
              return finishStage(b, lease, passed)
            }),
          ])
          for (const [index, { build, stage }] of builds.entries()) {
            const outcome = outcomes[index + 1] as { kind: string; code?: string }
            const stored = await a.database.stages.find(stage.id)
            const isFinished = outcome.kind === 'ok'
            won[isFinished ? 'finish' : 'reaper']++
            expect(outcome.code).toBe(isFinished ? undefined : 'lease_lost')
            expect(stored?.status).toBe(isFinished ? 'success' : 'error')
            const { status } = await judge(a.database, build.id, true)
            expect(status).toBe(isFinished ? 'success' : 'error')
          }
        })
        expect(Math.min(won.reaper, won.finish)).toBeGreaterThan(0)
      },
      raceTimeoutMs,
    )

    it(
      'two reconcilers and accepts that come together lose no offer and double no stage',
      async () => {
        const [a, b] = replicas.all
        const reconcilers = [new Reconciler(a), new Reconciler(b)]
        await inRounds(size(5_000), 20, async (count, from) => {
          const builds = await submitSome(count)
          const taken = builds.filter((_, index) => index % 2 === 0)
          await replicas.control.redis.command('FLUSHALL')
          const outcomes = await startTogether<unknown>(from / 20, [
            ...reconcilers.map((one) => () => one.run()),
            ...taken.flatMap(({ stage }, index) =>
              [a, b].map(
                (deps) => () =>
                  acceptStage(deps, worker(index), stage.id, {
                    attempt: 1,
                    requestId: randomUUID(),
                  }),
              ),
            ),
          ])
          const accepted = outcomes.filter((one) => (one as { kind?: string }).kind === 'accepted')
          expect(accepted).toHaveLength(taken.length)
          for (const { build } of builds) await judge(a.database, build.id)
          const waiting = builds.filter((_, index) => index % 2 === 1)
          for (const { stage } of waiting) {
            const key = `{test}:${stage.partition}:${stage.id}-1`
            expect(await replicas.control.redis.command('EXISTS', key)).toMatch(/^:1/)
          }
          for (const { build } of builds) await cancelBuild(a, build, 'ann')
        })
      },
      raceTimeoutMs,
    )
  })
}

/** It came too late, and is told so. */
const whatIsKnown = (error: unknown): null => {
  if (isWaggleError(error, 'invalid')) return null
  throw error
}
