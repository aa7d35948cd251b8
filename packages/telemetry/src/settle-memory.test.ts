import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { settleMemory } from './settle-memory.ts'

test('what nothing refers to is collected at once', async () => {
  const ref = new WeakRef({ started: true })
  // A target stays until the turn that made its reference is over.
  await delay(0)
  settleMemory()
  expect(ref.deref()).toBeUndefined()
})

test('nobody else can start a collection afterwards', () => {
  settleMemory()
  expect('gc' in globalThis).toBe(false)
})
