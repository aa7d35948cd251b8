import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { acceptStage, finishStage, grantSteps, startStage } from '@waggle/control'
import type { Lease, StepRecord } from '@waggle/domain'
import { startPostgres, type TestPostgres } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadBuild } from '../../apps/api/src/shapes/load-build.ts'
import { queryPostgres } from '../harness/query-database.ts'
import { built } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

/** Most statements of one step's transition, and of a view of a build (reliability.md S1). */
const most = 10
/** Most further statements for hundreds of further rows: they go in groups. */
const inGroups = 50

describe('statements that large builds take, counted by PostgreSQL (reliability.md S1)', () => {
  let postgres: TestPostgres
  let control: TestControl
  let url = ''
  beforeAll(async () => {
    postgres = await startPostgres({ isCounting: true })
    control = await openControl({ database: 'postgres', postgres })
    url = control.databaseUrl
    queryPostgres(url, 'create extension pg_stat_statements')
  })
  afterAll(async () => {
    await control?.close()
    await postgres?.stop()
  })

  /** How many statements of this database the work takes, without BEGIN and COMMIT. */
  const statementsOf = async (work: () => Promise<unknown>): Promise<number> => {
    queryPostgres(url, 'select pg_stat_statements_reset()')
    await work()
    const count = () =>
      Number(
        queryPostgres(
          url,
          `select coalesce(sum(calls), 0) as n from pg_stat_statements
            where dbid = (select oid from pg_database where datname = current_database())
              and query not ilike '%pg_stat_statements%' and query !~* '^(begin|commit|rollback)'`,
        )[0]?.[0],
      )
    // What is told after the commit takes a statement more, some time later.
    let [before, last] = [-1, count()]
    while (before !== last) {
      await delay(300)
      before = last
      last = count()
    }
    return last
  }

  const records = (count: number): StepRecord[] =>
    Array.from({ length: count }, (_, index) => ({
      ...{ number: index + 1, name: `s${index + 1}`, image: 'a', errIgnore: false },
      ...{ detached: false, dependsOn: index === 0 ? [] : [`s${index}`] },
    }))

  const wholeLine = async (count: number) => {
    const { stage, build } = built(await control.submit(await control.repo(), pipeline('a')))
    const worker = await control.worker()
    let lease: Lease | undefined
    const accept = await statementsOf(async () => {
      const question = { attempt: 1, requestId: randomUUID() }
      const answer = await acceptStage(control.deps, worker, stage.id, question)
      if (answer.kind !== 'accepted') throw new Error(answer.code)
      lease = { workerId: worker.id, stageId: stage.id, attempt: 1, token: answer.leaseToken }
    })
    const held = lease as Lease
    const start = await statementsOf(() =>
      startStage(control.deps, held, { steps: records(count), grants: [{ step: 1, try: 1 }] }),
    )
    const next = await statementsOf(() =>
      grantSteps(control.deps, held, {
        updates: [{ number: 1, status: 'success', exitCode: 0, error: '' }],
        grants: [{ step: 2, try: 1 }],
      }),
    )
    const view = await statementsOf(async () => loadBuild(control.database, build))
    const updates = records(count).map(({ number }) => {
      const status = number < 3 ? ('success' as const) : ('skipped' as const)
      return { number, status, exitCode: 0, error: '' }
    })
    const finish = await statementsOf(() =>
      finishStage(control.deps, held, { status: 'success', exitCode: 0, error: '', updates }),
    )
    return { accept, start, next, view, finish }
  }

  it('a step of 2,000 goes on with no more than a step of 20', async () => {
    const small = await wholeLine(20)
    const large = await wholeLine(2_000)
    expect(large.next).toBeLessThanOrEqual(small.next + 2)
    expect(large.view).toBeLessThanOrEqual(small.view + 2)
    expect(large.next).toBeLessThanOrEqual(most)
    expect(large.view).toBeLessThanOrEqual(most)
    // Records go in groups, never one by one.
    expect(large.start - small.start).toBeLessThanOrEqual(inGroups)
    // Steps whose end is told with the stage's take one each.
    expect(large.finish - small.finish).toBeLessThanOrEqual(2_000 - 20)
  })

  it('the end of a stage of 500 takes no more than that of one of 20', async () => {
    const endOfOne = async (count: number) => {
      const names = Array.from({ length: count }, (_, index) => `p${index}`)
      const result = await control.submit(
        await control.repo(),
        manifest(...names.map((name) => pipeline(name))),
      )
      const { stage, build } = built(result)
      const worker = await control.worker()
      const question = { attempt: 1, requestId: randomUUID() }
      const answer = await acceptStage(control.deps, worker, stage.id, question)
      if (answer.kind !== 'accepted') throw new Error(answer.code)
      const lease = { workerId: worker.id, stageId: stage.id, attempt: 1, token: answer.leaseToken }
      await startStage(control.deps, lease, { steps: records(1), grants: [{ step: 1, try: 1 }] })
      const end = await statementsOf(() =>
        finishStage(control.deps, lease, {
          ...{ status: 'success', exitCode: 0, error: '' },
          updates: [{ number: 1, status: 'success', exitCode: 0, error: '' }],
        }),
      )
      const view = await statementsOf(async () => loadBuild(control.database, build))
      return { end, view }
    }
    const small = await endOfOne(20)
    const large = await endOfOne(500)
    expect(large.end).toBeLessThanOrEqual(small.end + 2)
    expect(large.view).toBeLessThanOrEqual(small.view + 2)
    expect(large.end).toBeLessThanOrEqual(2 * most)
    expect(large.view).toBeLessThanOrEqual(most)
  })

  it('a build of 500 stages is stored with few more statements than one of 5', async () => {
    const store = async (count: number) => {
      const repo = await control.repo()
      const names = Array.from({ length: count }, (_, index) => `p${index}`)
      const text = manifest(...names.map((name) => pipeline(name)))
      return statementsOf(() => control.submit(repo, text))
    }
    const small = await store(5)
    const large = await store(500)
    expect(large - small).toBeLessThanOrEqual(inGroups)
  })
})
