import { Buffer } from 'node:buffer'
import type { Build, BuildStatus, Database, LogKey } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import {
  first,
  newAttempt,
  newBuild,
  newStage,
  newStep,
  newWorker,
  type OpenDatabase,
  seedRepo,
  seedStage,
} from './new-rows.ts'

const segment = { first: 0, count: 1, bytes: 3, data: Buffer.of(1, 2, 3) }
const seal = { lines: 2, bytes: 6, crc32: 1, gap: '' }

/** A build with one step whose log has two pieces. */
const seedLog = async (
  database: Database,
  repoId: number,
  number: number,
  finishedAt: number,
  status: BuildStatus = 'success',
): Promise<{ build: Build; key: LogKey; stepId: number }> => {
  const known = { status, startedAt: 1, finishedAt }
  const build = await database.builds.create(newBuild(repoId, number, known), 'kind: pipeline\n')
  const stage = first(await database.stages.create([newStage(build, 1, { status: 'success' })]))
  const step = first(await database.steps.create([newStep(stage.id, 1, { status: 'success' })]))
  const key = { stageId: stage.id, attempt: 1, step: 1, try: 1 }
  await database.logs.append(key, step.id, segment)
  await database.logs.append(key, step.id, { ...segment, first: 1 })
  await database.logs.seal(key, step.id, seal)
  await database.cards.put(step.id, '{}')
  return { build, key, stepId: step.id }
}

export const describePurge = (open: OpenDatabase): void => {
  describe('purge', () => {
    it('finds finished builds by age, by number and by count', async () => {
      const { id } = await seedRepo(open())
      const builds: number[] = []
      for (const number of [1, 2, 3, 4, 5])
        builds.push((await seedLog(open(), id, number, number * 1_000)).build.id)
      const running = await open().builds.create(newBuild(id, 6, { status: 'running' }), '')
      const { purge } = open()
      const older = { kind: 'finished_before', atMs: 3_000 } as const
      expect(await purge.listBuilds(id, older, 9)).toEqual(builds.slice(0, 2))
      expect(await purge.listBuilds(id, older, 1)).toEqual(builds.slice(0, 1))
      const before = { kind: 'number_before', number: 100 } as const
      const numbered = await purge.listBuilds(id, before, 9)
      expect(numbered).toEqual(builds)
      expect(numbered).not.toContain(running.id)
      for (const [count, left] of [
        [0, 5],
        [2, 3],
        [4, 1],
        [5, 0],
      ] as const)
        expect(await purge.listBuilds(id, { kind: 'all_but_newest', count }, 9)).toHaveLength(left)
    })

    it('leaves what a worker still holds', async () => {
      const { id } = await seedRepo(open())
      const { build } = await seedLog(open(), id, 1, 1_000, 'killed')
      const stage = first(await open().stages.listByBuild(build.id))
      await open().attempts.create(newAttempt(stage))
      const { purge } = open()
      expect(await purge.listBuilds(id, { kind: 'number_before', number: 9 }, 9)).toEqual([])
      expect(await purge.listLogs(id, 9_000, 9)).toEqual([])
      expect(await purge.deleteBuilds([build.id])).toBe(0)
      await open().attempts.update(stage.id, 1, { state: 'ended', end: 'lost' }, ['leased'])
      expect(await purge.deleteBuilds([build.id])).toBe(1)
    })

    it('deletes lines piece by piece, and leaves the build', async () => {
      const { id } = await seedRepo(open())
      const { build, key, stepId } = await seedLog(open(), id, 1, 1_000)
      const other = await seedLog(open(), id, 2, 2_000)
      const { purge, logs } = open()
      expect(await purge.listLogs(id, 1_500, 9)).toEqual([build.id])
      expect(await purge.deleteSegments([build.id], 1)).toBe(1)
      expect(await purge.deleteSegments([build.id], 5)).toBe(1)
      expect(await purge.deleteSegments([build.id], 5)).toBe(0)
      await purge.closeLogs([build.id])
      expect(await logs.findLatest(stepId)).toBeNull()
      expect(await logs.findSeal(key)).toBeNull()
      expect(await purge.listLogs(id, 1_500, 9)).toEqual([])
      expect(await open().builds.find(build.id)).toMatchObject({ status: 'success', version: 1 })
      expect(await logs.findSeal(other.key)).toEqual(seal)
    })

    it('deletes builds with everything below them', async () => {
      const { id } = await seedRepo(open())
      const { build, key, stepId } = await seedLog(open(), id, 1, 1_000)
      const pending = await open().builds.create(newBuild(id, 2), '')
      const { builds, purge, logs, stages, cards } = open()
      expect(await purge.deleteBuilds([build.id, pending.id])).toBe(1)
      expect(await builds.find(build.id)).toBeNull()
      expect(await builds.findManifest(build.id)).toBeNull()
      expect(await stages.listByBuild(build.id)).toEqual([])
      expect(await logs.findSeal(key)).toBeNull()
      expect(await logs.next(key)).toBe(0)
      expect(await cards.find(stepId)).toBeNull()
      expect(await builds.find(pending.id)).not.toBeNull()
    })

    it('deletes deliveries and messages that are old, the oldest first', async () => {
      const nowMs = await open().now()
      const rows = await open().outbox.add([{ kind: 'offer', stageId: 1, attempt: 1 }])
      const { purge } = open()
      await purge.deleteDeliveries(nowMs + 60_000, 1_000_000)
      expect(await purge.deleteDeliveries(nowMs + 60_000, 10)).toBe(0)
      const row = first(rows)
      expect(await purge.deleteOutbox(row.createdAt, 1_000)).toBe(0)
      expect(await purge.deleteOutbox(row.createdAt + 1, 1_000)).toBeGreaterThan(0)
      expect((await open().outbox.list(1_000)).map(({ id }) => id)).not.toContain(row.id)
    })

    it('deletes workers that were not heard of for long and hold nothing', async () => {
      const { workers, attempts, purge } = open()
      const [idle, holding] = [newWorker(), newWorker()]
      await workers.register(idle)
      const { lastSeenAt } = await workers.register(holding)
      const stage = await seedStage(open())
      await attempts.create(newAttempt(stage, { workerId: holding.id }))
      await purge.deleteWorkers(lastSeenAt - 60_000, 1_000)
      expect(await workers.find(idle.id)).not.toBeNull()
      expect(await purge.deleteWorkers(lastSeenAt + 60_000, 1_000)).toBeGreaterThan(0)
      expect(await workers.find(idle.id)).toBeNull()
      expect(await workers.find(holding.id)).not.toBeNull()
      await attempts.update(stage.id, 1, { state: 'ended', end: 'finished' }, ['leased'])
      expect(await purge.deleteWorkers(lastSeenAt + 60_000, 1_000)).toBe(1)
      expect((await attempts.find(stage.id, 1))?.workerName).not.toBe('')
    })

    it('keeps the rules of a repository', async () => {
      const { id } = await seedRepo(open())
      const { purge, repos } = open()
      const none = { buildDays: null, buildCount: null, logDays: null }
      expect(await purge.findRetention(id)).toEqual(none)
      const rules = { buildDays: 30, buildCount: null, logDays: 0 }
      await purge.setRetention(id, rules)
      expect(await purge.findRetention(id)).toEqual(rules)
      expect(await purge.hasRetention()).toBe(true)
      await purge.setRetention(id, none)
      expect(await purge.findRetention(id)).toEqual(none)
      expect(await purge.hasRetention()).toBe(false)
      await purge.setRetention(id, rules)
      await repos.delete(id)
      expect(await purge.findRetention(id)).toEqual(none)
    })
  })
}
