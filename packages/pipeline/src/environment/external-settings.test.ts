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

test('lets no registry of either source count where one of them failed', () => {
  const registries = [auth('own.example')]
  const external = { environment: [], registries: [auth('r.example')] }
  const of = (own: typeof registries | null, isRegistryLost?: boolean) =>
    externalSettings(
      { external: { ...external, isRegistryLost } },
      { ...defaultCompileSettings, registries: own },
    ).registries
  expect(of(registries)).toEqual([auth('own.example'), auth('r.example')])
  expect(of(registries, true)).toEqual([])
  expect(of(null)).toEqual([])
})

test('changes nothing where no extension answered', () => {
  expect(externalSettings({}, defaultCompileSettings)).toBe(defaultCompileSettings)
  expect(maskedVariables({})).toEqual([])
})
