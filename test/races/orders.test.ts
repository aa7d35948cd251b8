import { randomUUID } from 'node:crypto'
import {
  acceptStage,
  type ControlDeps,
  cancelBuild,
  finishStage,
  releaseStage,
} from '@waggle/control'
import type { Build, Lease, Stage, WorkerRecord } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, runningLease } from '../integration/lease-of.ts'
import { manifest, pipeline } from '../integration/open-control.ts'
import { judge } from './judge.ts'
import { openHandles } from './open-replicas.ts'
import { isWhole, raceTimeoutMs } from './race-size.ts'
import { inAllOrders, inTurns, Turns } from './turns.ts'

/** Two calls that meet, statement by statement, in every order that the locks of PostgreSQL allow (reliability.md D.3).
 *  On SQLite transactions come one after the other, so there is nothing to order. */

interface Scene {
  readonly build: Build
  readonly stages: readonly Stage[]
  readonly leases: readonly Lease[]
}

type Doing = (deps: ControlDeps, scene: Scene) => Promise<unknown>

/** Whole by hand, some of them in CI. */
const someOrders = isWhole ? null : 24

let replicas: Awaited<ReturnType<typeof openHandles>>
let worker: WorkerRecord

beforeAll(async () => {
  // As `openControl(` starts it, with 'postgres'.
  replicas = await openHandles()
  worker = await replicas.control.worker()
})
afterAll(() => replicas.close())

const scene = async (text: string, leased: 'running' | 'accepted' | 'none'): Promise<Scene> => {
  const repo = await replicas.control.repo()
  const { build, stages } = built(await replicas.control.submit(repo, text))
  const ready = leased === 'none' ? [] : stages.filter(({ status }) => status === 'pending')
  const take = leased === 'running' ? runningLease : leaseOf
  const leases = await Promise.all(ready.map(({ id }) => take(replicas.control, worker, id)))
  return { build, stages, leases }
}

/** Does both in all orders; `check` sees what each of them gave. */
const meet = (
  first: Doing,
  second: Doing,
  prepare: () => Promise<Scene>,
  check: (given: readonly unknown[], scene: Scene, build: Build) => void | Promise<void>,
): Promise<number> =>
  inAllOrders(someOrders, async (order) => {
    const prepared = await prepare()
    const turns = new Turns(order)
    const [a, b] = replicas.all
    const run = async (doing: Doing, deps: ControlDeps, actor: number): Promise<unknown> => {
      try {
        return await doing({ ...deps, database: inTurns(deps.database, turns, actor) }, prepared)
      } finally {
        turns.end(actor)
      }
    }
    const given = await Promise.all([run(first, a, 0), run(second, b, 1)])
    // All lock in one order (design §6): repeating would hide the second that a deadlock costs.
    expect(turns.repeats).toBe(0)
    await check(given, prepared, await judge(a.database, prepared.build.id))
    await cancelBuild(a, prepared.build, 'ann')
    return turns.taken
  })

const cancel: Doing = (deps, { build }) => cancelBuild(deps, build, 'ann')
const finish =
  (index: number): Doing =>
  (deps, { leases }) =>
    finishStage(deps, leases[index] as Lease, passed)
const accept: Doing = (deps, { stages }) =>
  acceptStage(deps, worker, stages[0]?.id ?? 0, { attempt: 1, requestId: randomUUID() })
const statusOf = async ({ stages }: Scene, index = 0) =>
  (await replicas.all[0].database.stages.find(stages[index]?.id ?? 0))?.status

describe('two that meet, in every order of their statements', () => {
  it(
    'a cancel and a finish: who commits first is kept, the other hears it',
    async () => {
      const ends = new Set<string>()
      const orders = await meet(
        cancel,
        finish(0),
        () => scene(pipeline('a'), 'running'),
        async ([, finished], at, build) => {
          const isFinished = (finished as { kind: string }).kind === 'ok'
          expect(await statusOf(at)).toBe(isFinished ? 'success' : 'killed')
          expect(build.status).toBe(isFinished ? 'success' : 'killed')
          ends.add(build.status)
        },
      )
      expect(orders).toBeGreaterThan(1)
      expect([...ends].toSorted()).toEqual(['killed', 'success'])
    },
    raceTimeoutMs,
  )

  it(
    'the last two stages of a build: it is closed once, and what waits for both goes on',
    async () => {
      const orders = await meet(
        finish(0),
        finish(1),
        () => scene(manifest(pipeline('a'), pipeline('b'), pipeline('c', 'a', 'b')), 'running'),
        async (given, at, build) => {
          expect(given).toEqual([{ kind: 'ok' }, { kind: 'ok' }])
          expect(await statusOf(at, 2)).toBe('pending')
          expect(build.status).toBe('running')
        },
      )
      expect(orders).toBeGreaterThan(1)
      await meet(
        finish(0),
        finish(1),
        () => scene(manifest(pipeline('a'), pipeline('b')), 'running'),
        (given, _, build) => {
          expect(given).toEqual([{ kind: 'ok' }, { kind: 'ok' }])
          expect(build.status).toBe('success')
        },
      )
    },
    raceTimeoutMs,
  )

  it(
    'two accepts: one has the stage',
    async () => {
      const orders = await meet(
        accept,
        accept,
        () => scene(pipeline('a'), 'none'),
        (given) => {
          const kinds = given.map((one) => (one as { kind: string }).kind)
          expect(kinds.toSorted()).toEqual(['accepted', 'refused'])
        },
      )
      expect(orders).toBeGreaterThan(1)
    },
    raceTimeoutMs,
  )

  it(
    'an accept and a cancel: nothing that was cancelled is held but to be closed',
    async () => {
      const orders = await meet(
        accept,
        cancel,
        () => scene(pipeline('a'), 'none'),
        async (_, at, build) => {
          expect(build.status).toBe('killed')
          expect(await statusOf(at)).toBe('skipped')
        },
      )
      expect(orders).toBeGreaterThan(1)
    },
    raceTimeoutMs,
  )

  it(
    'a release and a cancel: the stage is not offered again',
    async () => {
      const orders = await meet(
        (deps, { leases }) => releaseStage(deps, leases[0] as Lease, 'no engine'),
        cancel,
        () => scene(pipeline('a'), 'accepted'),
        async (_, at, build) => {
          expect(build.status).toBe('killed')
          expect(await statusOf(at)).toBe('skipped')
        },
      )
      expect(orders).toBeGreaterThan(1)
    },
    raceTimeoutMs,
  )
})
