import { describe, expect, it } from 'vitest'
import { first, newStep, type OpenDatabase, seedStage, seedStep } from './new-rows.ts'

export const describeSteps = (open: OpenDatabase): void => {
  describe('steps', () => {
    it('gives back what was stored, by number', async () => {
      const stage = await seedStage(open())
      const given = Array.from({ length: 200 }, (_, index) =>
        newStep(stage.id, 200 - index, { dependsOn: ['clone'], detached: index % 2 === 0 }),
      )
      const steps = await open().steps.create(given)
      expect(steps).toMatchObject(given)
      expect(await open().steps.listByStage(stage.id)).toEqual([...steps].reverse())
      expect(await open().steps.find(first(steps).id)).toEqual(first(steps))
      expect(await open().steps.findByNumber(stage.id, 200)).toEqual(first(steps))
      expect(await open().steps.findByNumber(stage.id, 201)).toBeNull()
    })

    it('lists those of several stages by stage and number', async () => {
      const a = await seedStage(open())
      const b = await seedStage(open())
      await open().steps.create([newStep(b.id, 1), newStep(a.id, 2), newStep(a.id, 1)])
      const listed = await open().steps.listByStages([b.id, a.id])
      expect(listed.map((step) => [step.stageId, step.number])).toEqual([
        [a.id, 1],
        [a.id, 2],
        [b.id, 1],
      ])
      expect(await open().steps.listByStages([])).toEqual([])
    })

    it('changes a row only from the states named', async () => {
      const step = await seedStep(open())
      const { steps } = open()
      expect(await steps.update(step.id, { status: 'success' }, ['running'])).toBeNull()
      expect(await steps.update(step.id, { status: 'success' }, [])).toBeNull()
      expect(
        await steps.update(step.id, { status: 'running', grantedTry: 1 }, ['pending', 'running']),
      ).toEqual({ ...step, status: 'running', grantedTry: 1, version: 2 })
      expect(await steps.update(step.id, { exitCode: 137 })).toMatchObject({ exitCode: 137 })
      expect(await steps.update(0, { exitCode: 1 })).toBeNull()
      expect(await steps.change(step.id, { exitCode: 1 }, ['pending'])).toBe(false)
      expect(await steps.change(step.id, { exitCode: 1 }, ['running'])).toBe(true)
      expect(await steps.find(step.id)).toMatchObject({ exitCode: 1, version: 4 })
    })

    it('makes the steps of one stage as they were before their start, under their ids', async () => {
      const stage = await seedStage(open())
      const other = await seedStage(open())
      const { steps } = open()
      const ran = { status: 'failure', error: 'no', exitCode: 3, grantedTry: 2 } as const
      const [step] = await steps.create([
        newStep(stage.id, 1, { ...ran, startedAt: 1, stoppedAt: 2 }),
      ])
      const [kept] = await steps.create([newStep(other.id, 1, ran)])
      await steps.resetByStage(stage.id)
      const fresh = { status: 'pending', error: '', exitCode: 0, grantedTry: 0 } as const
      expect(await steps.listByStage(stage.id)).toEqual([
        { ...step, ...fresh, startedAt: 0, stoppedAt: 0, version: 2 },
      ])
      expect(await steps.listByStage(other.id)).toEqual([kept])
    })

    it('ends all open steps of several stages, and no others', async () => {
      const a = await seedStage(open())
      const b = await seedStage(open())
      const other = await seedStage(open())
      const { steps } = open()
      await steps.create([
        newStep(a.id, 1, { status: 'success', startedAt: 10, stoppedAt: 20, exitCode: 0 }),
        newStep(a.id, 2, { status: 'running', startedAt: 30 }),
        newStep(a.id, 3),
        // Started on a clock that is ahead.
        newStep(b.id, 1, { status: 'running', startedAt: 5_000 }),
        newStep(other.id, 1, { status: 'running', startedAt: 30 }),
      ])
      const end = { ifStarted: 'killed', ifNot: 'skipped', exitCode: 130, nowMs: 1_000 } as const
      await steps.closeOpen([a.id, b.id], end)
      await steps.closeOpen([], end)
      const seen = (await steps.listByStages([a.id, b.id, other.id])).map((step) => [
        ...[step.status, step.startedAt, step.stoppedAt, step.exitCode, step.version],
      ])
      expect(seen).toEqual([
        ['success', 10, 20, 0, 1],
        ['killed', 30, 1_000, 130, 2],
        ['skipped', 1_000, 1_000, 130, 2],
        ['killed', 5_000, 5_000, 130, 2],
        ['running', 30, 0, 0, 1],
      ])
    })

    it('keeps an exit code beyond 32 bits', async () => {
      const step = await seedStep(open())
      expect(await open().steps.update(step.id, { exitCode: 3_221_225_786 })).toMatchObject({
        exitCode: 3_221_225_786,
      })
    })

    it('refuses a number that is taken and a stage that is not there', async () => {
      const step = await seedStep(open())
      await expect(open().steps.create([newStep(step.stageId, 1)])).rejects.toMatchObject({
        code: 'step_exists',
      })
      await expect(open().steps.create([newStep(0, 1)])).rejects.toMatchObject({
        kind: 'not_found',
      })
    })

    it('forgets the steps of a stage with their lines', async () => {
      const step = await seedStep(open())
      const key = { stageId: step.stageId, attempt: 1, step: 1, try: 1 }
      await open().logs.append(key, step.id, {
        first: 0,
        count: 1,
        bytes: 2,
        data: Buffer.from('a\n'),
      })
      await open().steps.deleteByStage(step.stageId)
      expect(await open().steps.listByStage(step.stageId)).toEqual([])
      expect(await open().logs.next(key)).toBe(0)
    })
  })
}
