import { expect, test } from 'vitest'
import { defaultCompileSettings } from '../compile/compile-settings.ts'
import { externalSettings, maskedVariables } from './external-settings.ts'

const auth = (address: string) => ({ address, username: 'u', password: 'p' })

test("adds plain variables over the worker's, and registries after them by their hosts", () => {
  const own = {
    ...defaultCompileSettings,
    environment: { A: 'worker', B: 'worker' },
    registries: [auth('own.example')],
  }
  const external = {
    environment: [
      { name: 'A', value: 'extension', isMasked: false },
      { name: 'C', value: 'hidden', isMasked: true },
    ],
    registries: [auth('https://index.docker.io/v1/'), auth('r.example:5000')],
  }
  expect(externalSettings({ external }, own)).toMatchObject({
    environment: { A: 'extension', B: 'worker' },
    registries: [auth('own.example'), auth('docker.io'), auth('r.example:5000')],
  })
  expect(maskedVariables({ external })).toEqual([{ name: 'C', env: 'C', value: 'hidden' }])
})

test('changes nothing where no extension answered', () => {
  expect(externalSettings({}, defaultCompileSettings)).toBe(defaultCompileSettings)
  expect(maskedVariables({})).toEqual([])
})
