import { readSettings } from '@waggle/config'
import { silentLogger } from '@waggle/domain'
import { expect, it } from 'vitest'
import { openExtensions } from './operator-services.ts'
import { allApiSettings } from './run-api.ts'

const settingsOf = (more: Readonly<Record<string, string>>) =>
  readSettings(allApiSettings, {
    WAGGLE_WORKER_SECRET: 'worker-secret-of-the-tests',
    WAGGLE_REDIS_URL: 'redis://127.0.0.1:1',
    ...more,
  })

it('says of an admission extension that nobody asks it, and of the others nothing', () => {
  const said: string[] = []
  const log = { ...silentLogger, warn: (text: string) => said.push(text) }
  const none = openExtensions(settingsOf({}), log)
  expect(none).toEqual({})
  const checked = { WAGGLE_VALIDATE_EXTENSION_ENDPOINT: 'https://check.example/' }
  expect(Object.keys(openExtensions(settingsOf(checked), log))).toEqual(['validate'])
  expect(said).toEqual([])
  const asked = { DRONE_ADMISSION_PLUGIN_ENDPOINT: 'https://admit.example/' }
  expect(Object.keys(openExtensions(settingsOf(asked), log))).toEqual(['admit'])
  expect(said).toEqual(['admission extension is not asked: there is no login by browser yet'])
})
