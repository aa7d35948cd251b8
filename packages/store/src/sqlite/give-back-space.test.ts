import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { silentLogger } from '@waggle/domain'
import { tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSqlite } from './open-sqlite.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
beforeAll(async () => {
  folder = await tempFolder('space')
})
afterAll(() => folder.remove())

const megabyte = 1024 * 1024

const fillAndEmpty = async (path: string): Promise<{ left: number; sizeBytes: number }> => {
  const database = await openSqlite({ path, log: silentLogger, synchronous: 'OFF' })
  for (let count = 0; count < 8; count++) {
    const data = randomBytes(megabyte / 2).toString('hex')
    await database.templates.create({ namespace: 'a', name: `${count}.yml`, data })
  }
  for (const { id } of await database.templates.list()) await database.templates.delete(id)
  let left = await database.giveBackSpace(100)
  for (let turn = 0; turn < 1_000 && left > 0; turn++) left = await database.giveBackSpace(100)
  await database.close()
  return { left, sizeBytes: (await stat(path)).size }
}

describe('space that is not used any more', () => {
  it('goes back to the disk, piece by piece', async () => {
    const { left, sizeBytes } = await fillAndEmpty(`${folder.path}/new.db`)
    expect(left).toBe(0)
    expect(sizeBytes).toBeLessThan(2 * megabyte)
  })

  it('stays in a file that was made without this', async () => {
    const path = `${folder.path}/old.db`
    const old = new DatabaseSync(path)
    old.exec('create table t (a integer)')
    old.close()
    const { left, sizeBytes } = await fillAndEmpty(path)
    expect(left).toBe(0)
    expect(sizeBytes).toBeGreaterThan(8 * megabyte)
  })
})
