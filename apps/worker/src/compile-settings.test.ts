import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSettings, workerSettings } from '@waggle/config'
import type { CompileSettings } from '@waggle/pipeline'
import { tempFolder } from '@waggle/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { compileSettings } from './compile-settings.ts'

const temp = await tempFolder('compile-settings')
afterAll(() => temp.remove())

const from = (environment: Record<string, string>): CompileSettings =>
  compileSettings(
    readSettings(workerSettings, { WAGGLE_WORKER_SECRET: 'secret', ...environment }),
    '/stages',
    { warn: () => undefined },
  )

/** pipeline.md §12.15 and environment.md §14.1, by the names that Drone's workers have. */
describe('what a worker adds to every stage', () => {
  it.each<[Record<string, string>, unknown]>([
    [{ DRONE_MEMORY_LIMIT: '1' }, { limits: { memoryBytes: 1 } }],
    [{ DRONE_MEMORY_SWAP_LIMIT: '2' }, { limits: { memorySwapBytes: 2 } }],
    [{ DRONE_SHM_SIZE: '3' }, { limits: { shmBytes: 3 } }],
    [{ DRONE_CPU_PERIOD: '4' }, { limits: { cpuPeriod: 4 } }],
    [{ DRONE_CPU_QUOTA: '5' }, { limits: { cpuQuota: 5 } }],
    [{ DRONE_CPU_SHARES: '6' }, { limits: { cpuShares: 6 } }],
    [{ DRONE_CPU_SET: '0,2' }, { limits: { cpuSet: ['0', '2'] } }],
    [{ DRONE_RUNNER_NETWORKS: 'a, b' }, { networks: ['a', 'b'] }],
    [
      { DRONE_RUNNER_VOLUMES: '/a:/b,/c:/d:ro,/e:/f:rw' },
      {
        volumes: [
          { source: '/a', target: '/b', readOnly: false },
          { source: '/c', target: '/d', readOnly: true },
          { source: '/e', target: '/f', readOnly: false },
        ],
      },
    ],
    [{ DRONE_RUNNER_NETWORK_OPTS: 'mtu:1400' }, { networkOptions: { mtu: '1400' } }],
    [{ DRONE_RUNNER_PRIVILEGED_IMAGES: 'a/b,c' }, { privilegedImages: ['a/b', 'c'] }],
    [{ DRONE_FLAG_ALLOW_DOCKER_PLUGIN_VOLUMES: 'true' }, { privilegedPluginVolumes: true }],
    [{ DRONE_RUNNER_CLONE_IMAGE: 'own/git' }, { cloneImage: 'own/git' }],
    [{}, { cloneImage: 'drone/git:latest', netrcCloneOnly: false }],
    [{ DRONE_NETRC_CLONE_ONLY: 'true' }, { netrcCloneOnly: true }],
    [{ DRONE_RUNNER_ENVIRON: 'A:b,C:d:e' }, { environment: { A: 'b', C: 'd:e' } }],
    [{ DRONE_RUNNER_SECRETS: 'token:x' }, { secrets: { token: 'x' } }],
    [{ DRONE_TMATE_ENABLED: 'true' }, { debugImage: 'drone/drone-runner-docker:1' }],
    [{ DRONE_TMATE_ENABLED: 'true', DRONE_TMATE_IMAGE: 'own' }, { debugImage: 'own' }],
    [
      { DRONE_TMATE_HOST: 'h', DRONE_TMATE_PORT: '1', DRONE_TMATE_AUTHORIZED_KEYS: 'k' },
      { tmate: { host: 'h', port: '1', authorizedKeys: 'k' } },
    ],
    [
      { DRONE_TMATE_FINGERPRINT_RSA: 'r', DRONE_TMATE_FINGERPRINT_ED25519: 'e' },
      { tmate: { fingerprintRsa: 'r', fingerprintEd25519: 'e' } },
    ],
    [
      { DRONE_LIMIT_REPOS: 'a/*,b/c', DRONE_LIMIT_EVENTS: 'push', DRONE_LIMIT_TRUSTED: 'true' },
      { allow: { repos: ['a/*', 'b/c'], events: ['push'], isTrustedOnly: true } },
    ],
    [{ PATH: '/bin', USER: 'bee' }, { hostEnvironment: { PATH: '/bin', USER: 'bee' } }],
    [{ PATH: '/bin', DRONE_RUNNER_PATH: '/own' }, { hostEnvironment: { PATH: '/own' } }],
  ])('%j', (environment, expected) => {
    expect(from(environment)).toMatchObject(expected as object)
  })

  it('lets exec steps name variables of its process, but none of its settings', () => {
    const names = Object.keys(from({ DRONE_RPC_SECRET: 'x' }).pathVariables ?? {})
    expect(names).toContain('PATH')
    expect(names.filter((name) => /^(WAGGLE|DRONE)_/.test(name))).toEqual([])
  })

  it('has no image for debug sessions unless they are offered', () => {
    expect(from({ DRONE_TMATE_IMAGE: 'own' })).not.toHaveProperty('debugImage')
  })

  it('lets the file of variables win over the setting', async () => {
    const file = join(temp.path, 'variables')
    await writeFile(file, '# ours\nA=file\nQUOTED="two words"\n')
    expect(
      from({ DRONE_RUNNER_ENVIRON: 'A:setting,B:setting', DRONE_RUNNER_ENV_FILE: file })
        .environment,
    ).toEqual({ A: 'file', B: 'setting', QUOTED: 'two words' })
  })

  it.each(['no_proxy', 'http_proxy', 'https_proxy', 'all_proxy'])(
    'tells %s in both spellings, of the upper case one where it has a value (environment.md §8)',
    (name) => {
      const upper = name.toUpperCase()
      const both = (value: string) => ({ [name]: value, [upper]: value })
      expect(from({ [name]: 'lower', [upper]: 'upper' }).proxies).toEqual(both('upper'))
      expect(from({ [name]: 'lower', [upper]: '' }).proxies).toEqual(both('lower'))
      expect(from({ [name]: 'lower' }).proxies).toEqual(both('lower'))
      expect(from({ [upper]: 'upper' }).proxies).toEqual(both('upper'))
      expect(from({}).proxies).toEqual({})
    },
  )
})
