import { type Database, silentLogger } from '@waggle/domain'
import { openSqlite } from '@waggle/store'
import { tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LoadReader } from './load-reader.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
let database: Database
beforeAll(async () => {
  folder = await tempFolder('load')
  database = await openSqlite({ path: `${folder.path}/waggle.db`, log: silentLogger })
})
afterAll(async () => {
  await database.close()
  await folder.remove()
})

/** The real database, of which each count takes so long on a clock that is held. */
const openReader = (tookMs: number) => {
  const state = { nowMs: 1_000, counts: 0, isBroken: false }
  const counted: Database = {
    ...database,
    users: {
      ...database.users,
      count: async () => {
        state.counts++
        state.nowMs += tookMs
        if (state.isBroken) throw new Error('the database is away')
        return database.users.count()
      },
    },
  }
  return { state, reader: new LoadReader(counted, { monotonic: () => state.nowMs }) }
}

/** What was begun behind an answer goes on. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

it('counts at most a twentieth of the time, and once for all who ask meanwhile', async () => {
  const { state, reader } = openReader(10)
  const loads = await Promise.all([1, 2, 3].map(() => reader.read()))
  expect(state.counts).toBe(1)
  for (const load of loads) expect(load).toMatchObject({ users: 0, ageMs: 10 })
  state.nowMs += 199
  expect(await reader.read()).toMatchObject({ ageMs: 209 })
  expect(state.counts).toBe(1)
  state.nowMs += 1
  // A quick one is waited for: what is shown is of now.
  expect(await reader.read()).toMatchObject({ ageMs: 10 })
  expect(state.counts).toBe(2)
})

it('makes nobody but the first wait for a count that takes long, and says how old its answer is', async () => {
  const { state, reader } = openReader(1_000)
  await reader.read()
  state.nowMs += 30_000
  const shown = reader.read()
  const before = await shown
  expect(before.ageMs).toBeGreaterThanOrEqual(31_000)
  while (((await reader.read()).ageMs ?? 0) >= 31_000) await settled()
  expect(state.counts).toBe(2)
  // Nobody asked for long: that is no answer any more.
  state.nowMs += 200_000
  expect(await reader.read()).toMatchObject({ ageMs: 1_000 })
  expect(state.counts).toBe(3)
})

it('fails where the database is away and the last reading is too old', async () => {
  const { state, reader } = openReader(1_000)
  await reader.read()
  state.isBroken = true
  state.nowMs += 30_000
  expect((await reader.read()).ageMs).toBeGreaterThanOrEqual(31_000)
  while (state.counts < 2) await settled()
  state.nowMs += 120_000
  await expect(reader.read()).rejects.toThrow('the database is away')
})
