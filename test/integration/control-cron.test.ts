import {
  changeCron,
  createCron,
  defaultHousekeeping,
  runCron,
  runDueCrons,
  startTimers,
} from '@waggle/control'
import type { Cron, Repo } from '@waggle/domain'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeRepository, type TestRepository } from '../harness/make-repository.ts'
import { openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl
let source: TestRepository
let repo: Repo

beforeAll(async () => {
  control = await openControl({ database: 'postgres', timers: { reconcileMs: 40 } })
  source = makeRepository(control.folder, 'hello', { '.drone.yml': pipeline('a') })
  repo = await control.repo({ gitHttpUrl: source.url })
})
afterAll(() => control.close())

const cronOf = async (name: string): Promise<Cron> => {
  const cron = await control.database.crons.findByName(repo.id, name)
  if (cron === null) throw new Error('no such cron')
  return cron
}

/** A cron that has been due for a while, and is due again at a midnight far away. */
const dueCron = async (
  name: string,
  known: { branch?: string; repoId?: number; expr?: string } = {},
) => {
  const nextAt = (await control.database.now()) - 10 * 3_600_000
  const row = { repoId: repo.id, expr: '@yearly', timeZone: '', branch: 'main', target: '' }
  return control.database.crons.create({ ...row, name, disabled: false, nextAt, ...known })
}

const buildsOf = async (name: string) =>
  (await control.database.builds.list(repo.id, {}, { offset: 0, limit: 100 })).filter(
    (build) => build.cron === name,
  )

describe('a cron', () => {
  it('builds the head of its branch once, and is due again in its zone', async () => {
    const cron = await dueCron('nightly')
    const sha = source.git('rev-parse', 'HEAD')
    expect(await runDueCrons(control.deps)).toBe(1)
    expect(await runDueCrons(control.deps)).toBe(0)
    const builds = await buildsOf('nightly')
    expect(builds).toMatchObject([
      {
        status: 'pending',
        event: 'cron',
        trigger: '@cron',
        ref: 'refs/heads/main',
        target: 'main',
        source: '',
        before: '',
        after: sha,
        message: 'first',
        author: 'Ada',
        authorEmail: 'ada@example.org',
        sender: 'Ada',
      },
    ])
    const after = await cronOf('nightly')
    expect(after).toMatchObject({ prevAt: cron.nextAt, firingAt: 0, lastError: '' })
    expect(after.lastBuild).toBe(builds[0]?.number)
    const nowMs = await control.database.now()
    expect(after.nextAt).toBeGreaterThan(nowMs)
    expect(after.nextAt % 86_400_000).toBe(0)
  })

  it('that cannot build says why, and waits for its next time', async () => {
    const inactive = await control.repo({ active: false, gitHttpUrl: source.url })
    const closed = await dueCron('closed', { repoId: inactive.id })
    await dueCron('gone', { branch: 'no-such-branch' })
    const bare = await control.repo()
    await dueCron('homeless', { repoId: bare.id })
    expect(await runDueCrons(control.deps)).toBe(3)
    expect(await runDueCrons(control.deps)).toBe(0)
    const gone = await cronOf('gone')
    expect(gone.lastError).toContain('no-such-branch')
    expect(gone).toMatchObject({ lastBuild: 0, firingAt: 0 })
    expect(await buildsOf('gone')).toEqual([])
    expect((await control.database.crons.listByRepo(inactive.id))[0]).toMatchObject({
      lastError: 'The repository is not active.',
      prevAt: closed.nextAt,
    })
    expect((await control.database.crons.listByRepo(bare.id))[0]?.lastError).toContain('address')
  })

  it('that a dying process had claimed is run by another one, and makes one build', async () => {
    const cron = await dueCron('orphan')
    const { crons } = control.database
    const later = (await control.database.now()) + 3_600_000
    const isStuckAtOnce = { stuckMs: -1_000 }
    for (let turn = 0; turn < 2; turn++) {
      await crons.update(cron.id, { nextAt: cron.nextAt })
      await crons.claim(cron.id, cron.nextAt, later)
      expect(await runDueCrons(control.deps)).toBe(0)
      expect(await runDueCrons(control.deps, undefined, isStuckAtOnce)).toBe(1)
    }
    expect(await buildsOf('orphan')).toHaveLength(1)
    expect(await cronOf('orphan')).toMatchObject({ firingAt: 0, nextAt: later })
  })

  it('whose process is told to stop is run by the next one, and makes one build', async () => {
    await dueCron('handed-over')
    const stopping = new AbortController()
    const running = runDueCrons(control.deps, stopping.signal)
    await waitUntil('the claim', async () => (await cronOf('handed-over')).prevAt > 0)
    stopping.abort()
    await running
    await runDueCrons(control.deps)
    expect(await buildsOf('handed-over')).toMatchObject([{ status: 'pending' }])
    expect(await cronOf('handed-over')).toMatchObject({ firingAt: 0, lastError: '' })
  })

  it('that is disabled keeps its time, and runs once when it is enabled', async () => {
    const cron = await dueCron('asleep', { expr: '@hourly' })
    await changeCron(control.deps, cron, { disabled: true })
    expect(await runDueCrons(control.deps)).toBe(0)
    expect((await cronOf('asleep')).nextAt).toBe(cron.nextAt)
    await changeCron(control.deps, cron, { disabled: false })
    expect(await runDueCrons(control.deps)).toBe(1)
    expect(await buildsOf('asleep')).toHaveLength(1)
    // It would be due again within the hour.
    await control.database.crons.delete(cron.id)
  })

  it('can be run by hand while it is disabled, and its time stays', async () => {
    const cron = await createCron(control.deps, repo, {
      name: 'By Hand',
      expr: '0 0 4 * * *',
      branch: 'main',
      timeZone: 'Asia/Kolkata',
      disabled: true,
    })
    expect(cron.name).toBe('by-hand')
    expect(cron.nextAt % 86_400_000).toBe(22.5 * 3_600_000)
    const result = await runCron(control.deps, repo, cron)
    expect(result).toMatchObject({ kind: 'built', build: { cron: 'by-hand', trigger: '@cron' } })
    expect(await cronOf('by-hand')).toMatchObject({ nextAt: cron.nextAt, prevAt: 0 })
    const moved = await changeCron(control.deps, cron, { timeZone: 'UTC' })
    expect((moved?.nextAt ?? 0) % 86_400_000).toBe(4 * 3_600_000)
  })

  it('that names another one’s pipeline builds nothing and says so', async () => {
    source.commit('choosy', {
      '.drone.yml': `${pipeline('a')}trigger:\n  cron: [weekly]\n`,
    })
    await dueCron('daily')
    await runDueCrons(control.deps)
    expect((await cronOf('daily')).lastError).toContain('no pipeline matches')
    source.commit('plain', { '.drone.yml': pipeline('a') })
  })

  const wrong = { name: 'x', expr: '@daily', branch: 'main' }
  it.each([
    [{ ...wrong, expr: '0 0 0 30 2 *' }, 'Invalid Cronjob Expression: no day of any year matches'],
    [{ ...wrong, expr: '* * *' }, 'Invalid Cronjob Expression: has 3 fields'],
    [{ ...wrong, name: '!!!' }, 'Invalid Cronjob Name'],
    [{ ...wrong, name: 'x'.repeat(500) }, 'Invalid Cronjob Name: longer than 100 characters'],
    [{ ...wrong, branch: '' }, 'Invalid Cronjob Branch'],
    [{ ...wrong, branch: 'a\nb' }, 'Invalid Cronjob Branch: not a name of a branch'],
    [{ ...wrong, timeZone: 'Mars/Olympus' }, 'timezone: "Mars/Olympus" is not a time zone'],
  ])('of %j is refused', async (wish, message) => {
    await expect(createCron(control.deps, repo, wish)).rejects.toThrow(message)
  })
})

describe('three API processes', () => {
  it('run each of many due crons once, also while Redis is empty', async () => {
    await control.redis.command('FLUSHALL')
    const names = Array.from({ length: 12 }, (_, index) => `burst-${index}`)
    for (const name of names) await dueCron(name)
    const housekeeping = {
      ...defaultHousekeeping,
      cron: { isEnabled: true, intervalMs: 40, timeZone: 'UTC' },
    }
    const deps = { ...control.deps, housekeeping }
    const running = [startTimers(deps), startTimers(deps), startTimers(deps)]
    await waitUntil('all to be run', async () => {
      const rows = await Promise.all(names.map(cronOf))
      return rows.every((cron) => cron.lastBuild > 0)
    })
    await Promise.all(running.map((timers) => timers.stop()))
    for (const name of names) expect(await buildsOf(name)).toHaveLength(1)
  })

  it('claim 2,000 due crons at once, none of them twice', async () => {
    const { crons, repos } = control.database
    const many = await control.repo({ active: false })
    const nextAt = (await control.database.now()) - 1_000
    const row = { repoId: many.id, expr: '* * * * * *', timeZone: '', branch: 'main', target: '' }
    for (let from = 0; from < 2_000; from += 500)
      await Promise.all(
        Array.from({ length: 500 }, (_, index) =>
          crons.create({ ...row, name: `c${from + index}`, disabled: false, nextAt }),
        ),
      )
    const claims = async () => {
      let count = 0
      for (;;) {
        const due = await crons.listDue(900_000, 500)
        if (due.length === 0) return count
        const won = await Promise.all(
          due.map((cron) => crons.claim(cron.id, cron.nextAt, nextAt + 86_400_000)),
        )
        count += won.filter((cron) => cron !== null).length
      }
    }
    const counts = await Promise.all([claims(), claims(), claims()])
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2_000)
    expect(await runDueCrons(control.deps)).toBe(0)
    await repos.delete(many.id)
  })
})

it('a cron is run while Redis is away', async () => {
  await control.redis.crash()
  await dueCron('offline')
  expect(await runDueCrons(control.deps)).toBe(1)
  expect(await buildsOf('offline')).toMatchObject([{ status: 'pending' }])
  await control.redis.restart()
})
