import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { apiSettings } from './api-settings.ts'
import { readSettings, SettingsError, setting, types } from './setting.ts'
import { sharedSettings } from './shared-settings.ts'
import { workerSettings } from './worker-settings.ts'

const group = {
  port: setting('WAGGLE_X_PORT', types.integer(80, { max: 100 }), 'a port', {
    aliases: ['DRONE_X_PORT'],
  }),
  secret: setting('WAGGLE_X_SECRET', types.text(), 'a secret', { isSecret: true }),
  flag: setting('WAGGLE_X_FLAG', types.flag(), 'a flag'),
  list: setting('WAGGLE_X_LIST', types.list(), 'a list'),
  map: setting('WAGGLE_X_MAP', types.map(), 'a map'),
  choice: setting('WAGGLE_X_CHOICE', types.choice(['a', 'b'], 'a'), 'a choice'),
}

describe('readSettings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-settings-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('reads every type, and falls back where nothing is set', () => {
    expect(readSettings(group, { WAGGLE_X_SECRET: 's', WAGGLE_X_PORT: '' })).toEqual({
      port: 80,
      secret: 's',
      flag: false,
      list: [],
      map: {},
      choice: 'a',
    })
    expect(
      readSettings(group, {
        WAGGLE_X_SECRET: 's',
        WAGGLE_X_PORT: '7',
        WAGGLE_X_FLAG: 'T',
        WAGGLE_X_LIST: ' a, ,b ',
        WAGGLE_X_MAP: 'host:/a:ro, x:y',
        WAGGLE_X_CHOICE: 'b',
      }),
    ).toEqual({
      port: 7,
      secret: 's',
      flag: true,
      list: ['a', 'b'],
      map: { host: '/a:ro', x: 'y' },
      choice: 'b',
    })
  })

  it("takes Drone's name where ours is not set", () => {
    const both = { WAGGLE_X_SECRET: 's', DRONE_X_PORT: '9' }
    expect(readSettings(group, both).port).toBe(9)
    expect(readSettings(group, { ...both, WAGGLE_X_PORT: '8' }).port).toBe(8)
  })

  it('reads a secret from a file, without its last line end', () => {
    const path = join(folder, 'secret')
    writeFileSync(path, 'from file\n')
    expect(readSettings(group, { WAGGLE_X_SECRET_FILE: path }).secret).toBe('from file')
  })

  it('names every problem in one error, with reasons a person can act on', () => {
    const read = () =>
      readSettings(group, {
        WAGGLE_X_PORT: '101',
        WAGGLE_X_FLAG: 'maybe',
        WAGGLE_X_MAP: 'nothing',
        WAGGLE_X_CHOICE: 'c',
        WAGGLE_X_SECRET_FILE: join(folder, 'nowhere'),
      })
    expect(read).toThrow(SettingsError)
    expect(read).toThrow(/WAGGLE_X_PORT: .*100/)
    expect(read).toThrow(/WAGGLE_X_FLAG: must be true or false/)
    expect(read).toThrow(/WAGGLE_X_MAP: "nothing" is not key:value/)
    expect(read).toThrow(/WAGGLE_X_CHOICE: .*"a"/)
    expect(read).toThrow(/WAGGLE_X_SECRET_FILE: .*ENOENT/)
    expect(() => readSettings(group, {})).toThrow(/WAGGLE_X_SECRET is required/)
    expect(() => readSettings(group, { WAGGLE_X_SECRET: 's', WAGGLE_X_PORT: '1e3' })).toThrow(
      /must be a whole number/,
    )
  })

  it('reads a file of variables, and names it where it cannot be read', () => {
    const path = join(folder, 'variables')
    writeFileSync(path, '# more\nB=2\nexport C="three words"\nD=\n')
    const file = { file: setting('WAGGLE_X_FILE', types.variablesFile(), 'a file') }
    const expected = { B: '2', C: 'three words', D: '' }
    expect(readSettings(file, { WAGGLE_X_FILE: path }).file).toEqual(expected)
    expect(readSettings(file, {}).file).toEqual({})
    expect(() => readSettings(file, { WAGGLE_X_FILE: `${path}x` })).toThrow(/WAGGLE_X_FILE: ENOENT/)
  })

  it('gives every setting of the house a value or says that it is required', () => {
    expect(readSettings(sharedSettings, {}).timeScale).toBe(1)
    expect(readSettings(apiSettings, {}).port).toBe(8080)
    const worker = {
      WAGGLE_WORKER_SECRET: 's',
      WAGGLE_PIDS_LIMIT: '0',
      DRONE_DOCKER_STREAM_PULL: 'false',
    }
    expect(readSettings(workerSettings, worker)).toMatchObject({
      dockerSubnets: { block: '10.213.0.0/16', prefix: 26 },
      dockerStreamPull: false,
      pidsLimit: 0,
    })
    expect(() => readSettings(workerSettings, {})).toThrow(
      'settings: WAGGLE_WORKER_SECRET is required',
    )
  })
})
