import { expect, test } from 'vitest'
import { extensionSettings } from './extension-settings.ts'
import { readSettings } from './setting.ts'

test('without anything there is no extension and nobody is told', () => {
  expect(readSettings(extensionSettings, {})).toMatchObject({
    configExtensionEndpoint: '',
    convertExtensionCacheSize: 10,
    secretExtensionTimeoutSeconds: 60,
    webhookEndpoint: [],
    outgoingPrivateHosts: true,
  })
})

test("Drone's names of server and runners mean the same", () => {
  const settings = readSettings(extensionSettings, {
    DRONE_YAML_ENDPOINT: 'http://a',
    DRONE_YAML_TIMEOUT: '1m30s',
    DRONE_CONVERT_TIMEOUT: '10m',
    DRONE_CONVERT_PLUGIN_EXTENSION: '.star',
    DRONE_SECRET_PLUGIN_TOKEN: 't',
    DRONE_SECRET_ENDPOINT: 'http://b',
    DRONE_REGISTRY_PLUGIN_SECRET: 'u',
    DRONE_ENV_PLUGIN_SKIP_VERIFY: 'true',
    DRONE_ADMISSION_PLUGIN_SECRET: 'v',
    DRONE_WEBHOOK_ENDPOINT: 'http://c, http://d',
    WAGGLE_VALIDATE_EXTENSION_TIMEOUT_SECONDS: '5',
  } as Record<string, string>)
  expect(settings).toMatchObject({
    configExtensionEndpoint: 'http://a',
    configExtensionTimeoutSeconds: 90,
    convertExtensionEnding: '.star',
    secretExtensionEndpoint: 'http://b',
    secretExtensionSecret: 't',
    registryExtensionSecret: 'u',
    environmentExtensionSkipVerify: true,
    admissionExtensionSecret: 'v',
    validateExtensionTimeoutSeconds: 5,
    webhookEndpoint: ['http://c', 'http://d'],
  })
})

test.each(['0', '-1', '1d', 'm', '0.4s', '11m', 'soon', '5m5'])(
  'a time of %j is refused',
  (text) => {
    expect(() => readSettings(extensionSettings, { DRONE_YAML_TIMEOUT: text })).toThrow(
      'WAGGLE_CONFIG_EXTENSION_TIMEOUT_SECONDS',
    )
  },
)
