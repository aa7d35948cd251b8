import {
  Cleanup,
  defaultHousekeeping,
  pumpOutbox,
  Reaper,
  ReaperHealth,
  Reconciler,
  runDueCrons,
} from '@waggle/control'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRaw, type RawDatabase } from '../model/raw-database.ts'
import { built, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

const hourMs = 3_600_000
const badCount = 1_000

/** Rows that nobody can read stand first in everything that the timers work through (threats.md T-47). */
describe.each(['sqlite', 'postgres'] as const)(
  'a thousand rows that nobody can read, on %s',
  (name) => {
    let control: TestControl
    let raw: RawDatabase
    beforeAll(async () => {
      const timers = { lostMs: 300, requeueMs: 200, graceMs: 0, breakerMs: 0 }
      control = await openControl({ database: name, timers })
      raw = openRaw(`${control.folder}/waggle.db`, control.databaseUrl)
      const all = Array.from({ length: badCount / 2 }, (_, i) => pipeline(`s${i}`))
      for (let turn = 0; turn < 2; turn++)
        built(await control.submit(await control.repo(), manifest(...all)))
    })
    afterAll(async () => {
      raw?.close()
      await control?.close()
    })

    const submit = async () => built(await control.submit(await control.repo(), pipeline('a')))
    const statusOf = async (id: number) => (await control.database.stages.find(id))?.status
    const cleanup = () => {
      const limits = { bufferMs: 0, pendingMs: 0, runningMs: 24 * hourMs }
      const housekeeping = {
        ...defaultHousekeeping,
        cleanup: { ...defaultHousekeeping.cleanup, ...limits },
      }
      return new Cleanup({ ...control.deps, housekeeping }, { mayExpire: true })
    }
    const bad = `id <= ${badCount}`

    it('leaves what waits behind them to be offered again after a loss', async () => {
      await raw.change(`update stages set labels = '{' where ${bad}`)
      const { stage } = await submit()
      await control.redis.command('FLUSHALL')
      await new Reconciler(control.deps).run()
      const key = `{test}:${stage.partition}:${stage.id}-1`
      expect(await control.redis.command('EXISTS', key)).toMatch(/^:1/)
      // One that is lost later is found by the rolling comparison, which goes on behind them.
      await control.redis.command('DEL', key)
      const rolling = new Reconciler(control.deps)
      for (let turn = 0; turn < 10; turn++) await rolling.run()
      expect(await control.redis.command('EXISTS', key)).toMatch(/^:1/)
    })

    it('leaves the outbox behind them to be told', async () => {
      const values = Array.from({ length: badCount }, () => `('{', 0)`).join()
      await raw.change(`insert into outbox (message, created_at) values ${values}`)
      const { stage } = await submit()
      await control.redis.command('FLUSHALL')
      await control.database.outbox.add([{ kind: 'offer', stageId: stage.id, attempt: 1 }])
      await pumpOutbox(control.deps, 0)
      const key = `{test}:${stage.partition}:${stage.id}-1`
      expect(await control.redis.command('EXISTS', key)).toMatch(/^:1/)
    })

    it('leaves a due cron behind them to be run', async () => {
      const { database } = control
      const repo = await control.repo()
      const cron = {
        ...{ repoId: repo.id, expr: '@hourly', branch: 'main', target: '', timeZone: '' },
        ...{ disabled: false, nextAt: 2 },
      }
      // Their columns can hold nothing that is not text or a number; a schedule can be none.
      for (let index = 0; index < 150; index++)
        await database.crons.create({ ...cron, name: `bad-${index}`, nextAt: 1 })
      await raw.change(`update crons set expr = '{', time_zone = 'Mars/Olympus' where next_at = 1`)
      const good = await database.crons.create({ ...cron, name: 'good' })
      expect(good).not.toBeNull()
      await runDueCrons(control.deps)
      expect((await database.crons.findByName(repo.id, 'good'))?.nextAt).toBeGreaterThan(2)
    })

    it('leaves a silent worker, an overdue stage and one that nobody takes to be ended', async () => {
      const { deps, database } = control
      const nowMs = await database.now()
      const silent = await submit()
      await runningLease(control, await control.worker(), silent.stage.id)
      await raw.change(
        `update stages set status = 'running', started_at = 1 where id <= ${badCount / 2}`,
      )
      await raw.change(`update stages set pending_at = 1 where ${bad}`)
      await new Promise((resolve) => setTimeout(resolve, 400))
      await new Reaper(deps, new ReaperHealth(deps.clock, 0)).run(0)
      expect(await statusOf(silent.stage.id)).toBe('error')

      const overdue = await submit()
      await runningLease(control, await control.worker(), overdue.stage.id)
      await database.stages.update(overdue.stage.id, { startedAt: nowMs - 2 * hourMs })
      const waiting = await submit()
      await new Promise((resolve) => setTimeout(resolve, 5))
      const work = cleanup()
      for (let tick = 0; tick < 5; tick++) await work.run(0)
      expect(await statusOf(overdue.stage.id)).toBe('killed')
      expect(await statusOf(waiting.stage.id)).toBe('error')
    })
  },
)
