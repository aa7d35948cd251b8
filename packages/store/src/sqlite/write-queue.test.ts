import { tempFolder, waitUntil } from '@waggle/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { query } from '../query.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { WalSync } from './wal-sync.ts'
import { WriteQueue } from './write-queue.ts'

const limits = { groupSize: 8, workMs: 200, lockedMs: 200 }

describe('WriteQueue', () => {
  let connection: SqliteConnection
  let reader: SqliteConnection
  let remove: () => Promise<void>

  beforeEach(async () => {
    const folder = await tempFolder('queue')
    remove = () => folder.remove()
    connection = new SqliteConnection(`${folder.path}/queue.db`, 'OFF')
    connection.database.exec('create table settings (name text, value text) strict')
    reader = new SqliteConnection(`${folder.path}/queue.db`, 'OFF')
  })

  afterEach(async () => {
    reader.close()
    connection.close()
    await remove()
  })

  const insert = query(({ db }, p: { name: string }) =>
    db.insertInto('settings').values({ name: p.name, value: '' }),
  )
  const list = query(({ db }) => db.selectFrom('settings').select('name').orderBy('name'))
  const names = () => reader.run(list, {}).map((row) => row.name)
  const add = (name: string) => connection.run(insert, { name })

  it('tells nobody of success before the commit that they share', async () => {
    const queue = new WriteQueue(connection, null, limits)
    const write = async (name: string) => {
      await queue.run(async () => {
        add(name)
        // What the others of the group wrote is not visible either.
        expect(names()).toEqual([])
      })
      return names().length
    }
    const seen = await Promise.all(['a', 'b', 'c'].map(write))
    expect(seen).toEqual([3, 3, 3])
  })

  it('splits a long queue into groups', async () => {
    const queue = new WriteQueue(connection, null, limits)
    const seen = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        queue.run(async () => add(`${index}`)).then(() => names().length),
      ),
    )
    expect(new Set(seen)).toEqual(new Set([8, 16, 20]))
  })

  it('rejects the whole group when its commit fails, and goes on with the next', async () => {
    const queue = new WriteQueue(connection, null, limits)
    connection.database.exec('create table parent (id integer primary key) strict')
    connection.database.exec(
      'create table child (id integer references parent (id) deferrable initially deferred) strict',
    )
    // A deferred key is only checked by COMMIT.
    const ends = await Promise.allSettled([
      queue.run(async () => add('a')),
      queue.run(async () => connection.database.exec('insert into child values (1)')),
      queue.run(async () => add('b')),
    ])
    expect(ends.map((end) => end.status)).toEqual(['rejected', 'rejected', 'rejected'])
    await queue.run(async () => add('c'))
    expect(names()).toEqual(['c'])
  })

  it('takes back one that never ends, and goes on', async () => {
    const queue = new WriteQueue(connection, null, limits)
    let isOver = () => false
    const stuck = queue.run((turn) => {
      isOver = () => turn.isOver
      add('stuck')
      return new Promise<never>(() => undefined)
    })
    const next = queue.run(async () => add('next'))
    await expect(stuck).rejects.toMatchObject({ code: 'transaction_too_long' })
    await next
    expect(isOver()).toBe(true)
    expect(names()).toEqual(['next'])
  })

  it('rejects those that wait when the file stays locked, and works again later', async () => {
    const queue = new WriteQueue(connection, null, limits)
    reader.database.exec('begin immediate')
    await expect(queue.run(async () => add('a'))).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'database_locked',
    })
    reader.database.exec('rollback')
    await queue.run(async () => add('b'))
    expect(names()).toEqual(['b'])
  })

  it('tells of success and of failure only after the sync that followed the commit, and syncs once for many', async () => {
    const steps: string[] = []
    const turns: (() => void)[] = []
    const queue = new WriteQueue(
      connection,
      () => {
        steps.push('sync')
        return new Promise((resolve) => turns.push(resolve))
      },
      limits,
    )
    const work = (name: string) =>
      queue.run(async () => add(name)).finally(() => steps.push(`told ${name}`))
    const first = work('a')
    await waitUntil('the first sync', () => turns.length === 1)
    const others = [work('b'), work('c'), queue.run(() => Promise.reject(new Error('d')))]
    const reading = queue.durable()?.then(() => steps.push('read'))
    await waitUntil('the second commit', () => names().length === 3)
    expect(steps).toEqual(['sync'])
    turns[0]?.()
    await first
    await reading
    await waitUntil('the second sync', () => turns.length === 2)
    expect(steps.slice().sort()).toEqual(['read', 'sync', 'sync', 'told a'])
    turns[1]?.()
    const ends = await Promise.allSettled(others)
    expect(ends.map((end) => end.status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(turns).toHaveLength(2)
    expect(queue.durable()).toBeUndefined()
  })

  it('acknowledges nothing any more once a sync has failed, and reads nothing out', async () => {
    const missing = new WalSync('/nonexistent/queue.db')
    const queue = new WriteQueue(connection, () => missing.sync(), limits)
    const failed = { kind: 'unavailable', code: 'database_disk_failed' }
    await expect(queue.run(async () => add('a'))).rejects.toMatchObject(failed)
    await expect(queue.run(async () => add('b'))).rejects.toMatchObject(failed)
    await expect(queue.durable()).rejects.toMatchObject(failed)
    expect(names()).toEqual(['a'])
    await queue.close()
  })

  it('finishes what waits before it closes, and takes nothing after', async () => {
    const queue = new WriteQueue(connection, null, limits)
    const waiting = Array.from({ length: 10 }, (_, index) => queue.run(async () => add(`${index}`)))
    await queue.close()
    expect(names()).toHaveLength(10)
    await Promise.all(waiting)
    await expect(queue.run(async () => add('late'))).rejects.toMatchObject({
      code: 'database_closed',
    })
  })
})
