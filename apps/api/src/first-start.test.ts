import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database, Logger } from '@waggle/domain'
import { tokenHash } from '@waggle/secrets'
import { openSqlite } from '@waggle/store'
import { tempFolder } from '@waggle/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureAdmin } from './first-start.ts'

const log: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => log,
}
const wish = { login: 'admin', token: undefined }

let temp: Awaited<ReturnType<typeof tempFolder>>
let database: Database
beforeEach(async () => {
  temp = await tempFolder('first-start')
  database = await openSqlite({ path: join(temp.path, 'waggle.db'), log })
})
afterEach(async () => {
  await database.close()
  await temp.remove()
})

const keptToken = async () => (await readFile(join(temp.path, 'admin-token'), 'utf8')).trim()
const opens = async (token: string) =>
  (await database.users.findByTokenHash(tokenHash(token)))?.login

test('processes that start at once on one folder make one admin, whose token stays in the file', async () => {
  const made = await Promise.all(
    Array.from({ length: 5 }, () => ensureAdmin(database, wish, temp.path, log)),
  )
  expect(made.filter((admin) => admin !== null)).toHaveLength(1)
  const token = await keptToken()
  expect(made.find((admin) => admin !== null)?.token).toBe(token)
  expect(await opens(token)).toBe('admin')
  expect((await readdir(temp.path)).filter((name) => name.includes('token'))).toEqual([
    'admin-token',
  ])
})

test('a start that went no further than the file goes on with its token', async () => {
  const token = `wgl_${'k'.repeat(43)}`
  await writeFile(join(temp.path, 'admin-token'), `${token}\n`)
  expect((await ensureAdmin(database, wish, temp.path, log))?.token).toBe(token)
  expect(await opens(token)).toBe('admin')
})

test('a file without a token is named', async () => {
  await writeFile(join(temp.path, 'admin-token'), '')
  await expect(ensureAdmin(database, wish, temp.path, log)).rejects.toThrow(
    /admin-token holds no token; remove it$/,
  )
})
