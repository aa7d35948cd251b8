import { describe, expect, it } from 'vitest'
import { type OpenDatabase, seedStep } from './new-rows.ts'

export const describeCards = (open: OpenDatabase): void => {
  describe('cards', () => {
    it('F64 keeps one card a step, the last', async () => {
      const step = await seedStep(open())
      const { cards } = open()
      expect(await cards.find(step.id)).toBeNull()
      await cards.put(step.id, '{"a":1}')
      await cards.put(step.id, '{"a":"ü"}')
      expect(await cards.find(step.id)).toBe('{"a":"ü"}')
      expect(await cards.delete(step.id)).toBe(true)
      expect(await cards.delete(step.id)).toBe(false)
      expect(await cards.find(step.id)).toBeNull()
    })

    it('F64 keeps the schema on the step', async () => {
      const step = await seedStep(open())
      expect(step.schema).toBe('')
      const schema = 'https://schemas.example/card.json'
      await open().steps.update(step.id, { schema })
      expect(await open().steps.find(step.id)).toMatchObject({ schema, version: 2 })
    })

    it('F64 forgets the card with its step, and takes none of a step that is not there', async () => {
      const step = await seedStep(open())
      await open().cards.put(step.id, '1')
      await open().steps.deleteByStage(step.stageId)
      expect(await open().cards.find(step.id)).toBeNull()
      await expect(open().cards.put(step.id, '1')).rejects.toMatchObject({ kind: 'not_found' })
    })
  })
}
