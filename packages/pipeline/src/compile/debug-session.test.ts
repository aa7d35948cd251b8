import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Given } from '@waggle/domain'
import { afterAll, describe, expect, it } from 'vitest'
import { type CompileSettings, defaultCompileSettings } from './compile-settings.ts'
import { debugSession } from './debug-session.ts'
import { posixScript } from './script-posix.ts'

const fixture = join(import.meta.dirname, '../../testdata/given.json')
const plain = JSON.parse(readFileSync(fixture, 'utf8')) as Given

const tmate = {
  ...{ host: '', port: '', fingerprintRsa: '', fingerprintEd25519: '' },
  authorizedKeys: '',
}
const withKeys = { ...tmate, authorizedKeys: 'github:ana' }

describe('F51 debugSession', () => {
  const own = { build: { debug: true }, repo: { visibility: 'private' } }
  const open: Partial<CompileSettings> = { debugImage: 'tools:1', tmate }
  const keyed = { ...open, tmate: withKeys }
  const isPublic = { ...own, repo: { visibility: 'public' } }
  const fork = { build: { debug: true, event: 'pull_request', sourceRepo: 'stranger/app' } }
  const sameRepo = { build: { debug: true, event: 'pull_request', sourceRepo: plain.repo.slug } }

  it.each([
    ['a build without the flag', { build: { debug: false } }, keyed, 'none'],
    ['a build of a private repository', own, open, 'open'],
    ['a pull request of the repository itself', { ...own, ...sameRepo }, open, 'open'],
    ['a worker without sessions', own, { tmate: withKeys }, 'refused'],
    ["a fork's pull request", { ...own, ...fork }, keyed, 'refused'],
    [
      'a pull request of nobody knows where',
      { ...own, build: { debug: true, event: 'pull_request', sourceRepo: '' } },
      keyed,
      'refused',
    ],
    ['a public repository', isPublic, open, 'refused'],
    ['a public repository, for holders of a key', isPublic, keyed, 'open'],
  ] as const)('of %s is decided', (_what, changes, settings, kind) => {
    const given = {
      ...plain,
      build: { ...plain.build, ...changes.build },
      repo: { ...plain.repo, ...('repo' in changes ? changes.repo : {}) },
    } as Given
    expect(debugSession(given, { ...defaultCompileSettings, ...settings }).kind).toBe(kind)
  })
})

describe('F51 the script of a debug build', () => {
  const home = mkdtempSync(join(tmpdir(), 'waggle-debug-'))
  afterAll(() => rmSync(home, { recursive: true }))

  /** As a step's container is started (pipeline.md §12.5). */
  const run = (
    commands: readonly string[],
    session: Parameters<typeof posixScript>[1],
    env: Record<string, string> = {},
  ) => {
    const script = posixScript(commands, session)
    const variables = { PATH: '/usr/bin:/bin', HOME: home, DRONE_BUILD_DEBUG: 'true', ...env }
    return spawnSync('/bin/sh', ['-c', 'echo "$DRONE_SCRIPT" | /bin/sh'], {
      env: { ...variables, DRONE_SCRIPT: script },
      encoding: 'utf8',
    })
  }
  const open = { kind: 'open', image: 'tools:1' } as const
  const refused = { kind: 'refused', reason: 'builds of forks get none' } as const

  it('says why there is no session, and keeps the exit code', () => {
    const { stdout, status } = run(['(exit 7)', 'echo never'], refused)
    expect(stdout).toBe('+ (exit 7)\nno debug session: builds of forks get none\n')
    expect(status).toBe(7)
    expect(run(['exit 3'], refused).status).toBe(3)
  })

  it('says nothing where nothing failed, or where the step took the flag away', () => {
    expect(run(['true'], refused)).toMatchObject({ stdout: '+ true\n', status: 0 })
    const without = run(['false'], open, { DRONE_BUILD_DEBUG: 'false' })
    expect(without).toMatchObject({ stdout: '+ false\n', status: 1 })
  })

  it('says where the program is missing', () => {
    const { stdout, status } = run(['false'], open)
    expect(stdout).toBe('+ false\nno debug session: /usr/drone/bin/tmate is missing\n')
    expect(status).toBe(1)
    expect(existsSync(join(home, '.tmate.conf'))).toBe(false)
  })

  it('tells tmate of the server and of the keys', () => {
    const server = { DRONE_TMATE_HOST: 'tmate.example', DRONE_TMATE_PORT: '2200' }
    run(['true'], open, {
      ...server,
      DRONE_TMATE_FINGERPRINT_RSA: 'SHA256:rsa',
      DRONE_TMATE_FINGERPRINT_ED25519: 'SHA256:ed',
      DRONE_TMATE_AUTHORIZED_KEYS: 'ssh-ed25519 AAAA ana\nssh-rsa BBBB bo',
    })
    expect(readFileSync(join(home, '.tmate.conf'), 'utf8').split('\n')).toEqual([
      'set -g tmate-server-host "tmate.example"',
      'set -g tmate-server-port 2200',
      'set -g tmate-server-rsa-fingerprint "SHA256:rsa"',
      'set -g tmate-server-ed25519-fingerprint "SHA256:ed"',
      `set -g tmate-authorized-keys "${home}/.tmate.authorized_keys"`,
      '',
    ])
    expect(readFileSync(join(home, '.tmate.authorized_keys'), 'utf8')).toBe(
      'ssh-ed25519 AAAA ana\nssh-rsa BBBB bo\n',
    )
    run(['true'], open, { ...server, DRONE_TMATE_AUTHORIZED_KEYS: 'github:ana' })
    expect(readFileSync(join(home, '.tmate.conf'), 'utf8')).toContain(
      'set -g tmate-authorized-keys "github:ana"\n',
    )
  })

  it('runs the commands where the home folder takes nothing', () => {
    const { stdout, status } = run(['echo on'], open, {
      HOME: '/dev/null',
      DRONE_TMATE_HOST: 'tmate.example',
    })
    expect(stdout).toContain('the debug session cannot be set up')
    expect(stdout).toContain('+ echo on\non\n')
    expect(status).toBe(0)
  })
})
