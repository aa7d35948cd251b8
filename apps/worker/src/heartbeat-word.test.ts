import { expect, it } from 'vitest'
import { HeartbeatWord } from './heartbeat-word.ts'

it('is heard through its memory, each word with another turn', () => {
  const said = new HeartbeatWord()
  const other = new HeartbeatWord(said.memory)
  expect(other.heard()).toMatchObject({ turn: 0, attempts: [] })
  said.say([
    { stageId: 7, attempt: 1 },
    { stageId: 2 ** 40, attempt: 3 },
  ])
  const heard = other.heard()
  expect(heard?.attempts).toEqual([
    { stageId: 7, attempt: 1 },
    { stageId: 2 ** 40, attempt: 3 },
  ])
  expect(heard?.silentMs).toBeGreaterThanOrEqual(0)
  said.say([])
  expect(other.heard()?.attempts).toEqual([])
  expect(other.heard()?.turn).not.toBe(heard?.turn)
})

it('is not heard while it is being said', () => {
  const said = new HeartbeatWord()
  said.say([{ stageId: 7, attempt: 1 }])
  const turn = new Int32Array(said.memory, 0, 1)
  Atomics.add(turn, 0, 1)
  expect(said.heard()).toBeNull()
  Atomics.add(turn, 0, 1)
  expect(said.heard()?.attempts).toHaveLength(1)
})

it('names as many attempts as one heartbeat may', () => {
  const said = new HeartbeatWord()
  said.say(Array.from({ length: 10_001 }, (_, i) => ({ stageId: i + 1, attempt: 1 })))
  expect(said.heard()?.attempts).toHaveLength(10_000)
})
