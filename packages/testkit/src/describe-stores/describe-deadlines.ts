import type { BuildMark, NewStage } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { first, newAttempt, newBuild, newStage, type OpenDatabase, seedRepo } from './new-rows.ts'

const hourMs = 3_600_000

export const describeDeadlines = (open: OpenDatabase): void => {
  describe('deadlines', () => {
    const seed = async (status: 'pending' | 'running' | 'success', known: Partial<NewStage>) => {
      const { id } = await seedRepo(open())
      const build = await open().builds.create(newBuild(id, 1, { status }), '')
      return { build, stage: first(await open().stages.create([newStage(build, 1, known)])) }
    }

    it('knows which running stages are over the timeout of their repository', async () => {
      const nowMs = await open().now()
      const running = (startedAt: number) => seed('running', { status: 'running', startedAt })
      const late = await running(nowMs - 1.6 * hourMs)
      const inBuffer = await running(nowMs - 1.4 * hourMs)
      const patient = await running(nowMs - 9 * hourMs)
      await open().repos.update(patient.build.repoId, { timeoutMinutes: 600 })
      const done = await seed('success', { status: 'success', startedAt: nowMs - 9 * hourMs })
      const found = await open().deadlines.listOverdue(hourMs / 2, 1_000)
      expect(found).toContainEqual({ stageId: late.stage.id, timeoutMinutes: 60 })
      const ids = found.map(({ stageId }) => stageId)
      for (const { stage } of [inBuffer, patient, done]) expect(ids).not.toContain(stage.id)
    })

    it('knows which were accepted and never started', async () => {
      const { stage } = await seed('pending', { status: 'pending', isHeld: true, attempt: 1 })
      await open().attempts.create(newAttempt(stage))
      const other = await seed('pending', { status: 'pending', isHeld: true, attempt: 2 })
      await open().attempts.create(newAttempt(other.stage))
      const ids = async (bufferMs: number) =>
        (await open().deadlines.listOverdue(bufferMs, 1_000)).map(({ stageId }) => stageId)
      expect(await ids(0)).not.toContain(stage.id)
      const late = await ids(-hourMs - 1_000)
      expect(late).toContain(stage.id)
      expect(late).not.toContain(other.stage.id)
    })

    it('knows what has been pending for too long, and is held by nobody', async () => {
      const waiting = await seed('pending', { status: 'pending' })
      const held = await seed('pending', { status: 'pending', isHeld: true })
      const { deadlines } = open()
      expect(await deadlines.listPendingLong(hourMs, 1_000)).not.toContain(waiting.stage.id)
      const ids = await deadlines.listPendingLong(-1_000, 1_000)
      expect(ids).toContain(waiting.stage.id)
      expect(ids).not.toContain(held.stage.id)
    })

    it('knows builds that stand still, and looks at a few at once', async () => {
      const moving = await seed('running', { status: 'pending' })
      const blocked = await seed('pending', { status: 'blocked' })
      const stuck = [1, 2, 3].map(() => seed('running', { status: 'success' }))
      const stuckIds = (await Promise.all(stuck)).map(({ build }) => build.id)
      const { deadlines } = open()
      const young = await deadlines.listStanding(hourMs, null, 1_000)
      for (const id of stuckIds) expect(young.buildIds).not.toContain(id)
      for (const limit of [1, 2, 1_000]) {
        const found: number[] = []
        let after: BuildMark | null = null
        do {
          const { buildIds, last } = await deadlines.listStanding(-1_000, after, limit)
          expect(buildIds.length).toBeLessThanOrEqual(limit)
          found.push(...buildIds)
          after = last
        } while (after !== null)
        expect(new Set(found.filter((id) => stuckIds.includes(id)))).toEqual(new Set(stuckIds))
        for (const { build } of [moving, blocked]) expect(found).not.toContain(build.id)
      }
    })

    it('finds what finished builds left, in windows', async () => {
      const left = await seed('success', { status: 'running' })
      const right = await seed('running', { status: 'running' })
      const { deadlines } = open()
      const found: number[] = []
      for (let after = left.stage.id - 1, turn = 0; turn < 1_000; turn++) {
        const { buildIds, lastId } = await deadlines.listLeftovers(after, 1)
        found.push(...buildIds)
        if (lastId === 0) break
        after = lastId
      }
      expect(found).toContain(left.build.id)
      expect(found).not.toContain(right.build.id)
      await open().stages.update(left.stage.id, { status: 'killed' })
    })
  })
}
