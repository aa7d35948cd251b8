import { readSettings } from '@waggle/config'
import { silentLogger } from '@waggle/domain'
import { expect, it } from 'vitest'
import { openExtensions, openWebhooks } from './operator-services.ts'
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

it('tells a host of commits where the settings name one, and nobody else', async () => {
  const deps = {
    ...{ database: {} as never, log: silentLogger, timers: { webhookLeaseMs: 1_000 } },
    ...{ bodyOf: async () => null, bodyOfNew: () => '', link: 'https://ci.test' },
  }
  expect(openWebhooks(settingsOf({}), deps).statuses).toBeUndefined()
  const named = { WAGGLE_STATUS_HOST: 'gitlab', WAGGLE_STATUS_TOKEN: 'tok' }
  expect(openWebhooks(settingsOf(named), deps).statuses?.url).toBe('https://gitlab.com/')
  expect(() => openWebhooks(settingsOf({ WAGGLE_STATUS_HOST: 'gitlab' }), deps)).toThrow(
    'WAGGLE_STATUS_HOST needs WAGGLE_STATUS_TOKEN',
  )
})
