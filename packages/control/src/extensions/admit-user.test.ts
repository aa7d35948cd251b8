import { internal, silentLogger, timedOut, type User } from '@waggle/domain'
import { expect, test } from 'vitest'
import { admitUser } from './admit-user.ts'

const question = { event: 'login', user: { login: 'ann' } as User } as const
const log = silentLogger

test('without an extension everybody is admitted as they are', async () => {
  expect(await admitUser({ log }, question)).toEqual({ kind: 'admitted', admin: null })
})

test('the extension decides, and its silence refuses', async () => {
  const admitted = { kind: 'admitted', admin: true } as const
  const deciding = { log, extensions: { admit: async () => admitted } }
  expect(await admitUser(deciding, question)).toEqual(admitted)
  for (const error of [timedOut('late', 'late'), internal('odd', 'odd')]) {
    const failing = { log, extensions: { admit: () => Promise.reject(error) } }
    expect(await admitUser(failing, question)).toMatchObject({ kind: 'refused' })
  }
  const broken = { log, extensions: { admit: () => Promise.reject(new TypeError('a defect')) } }
  await expect(admitUser(broken, question)).rejects.toThrow('a defect')
})
