import { makeHook, type SourceCommit } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { boundHook, initialStatus, isVerified } from './new-build.ts'
import { complete } from './read-source.ts'

describe('the record of a build', () => {
  it('cuts title and message at 2,000 code points', () => {
    const { title, message } = boundHook(
      makeHook({ title: '🐝'.repeat(2_500), message: 'x'.repeat(1_000_000) }),
    )
    expect(title).toBe('🐝'.repeat(2_000))
    expect(message).toHaveLength(2_000)
  })

  it('refuses what it cannot cut', () => {
    const params = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`p${i}`, '']))
    expect(() => boundHook(makeHook({ params }))).toThrow('at most 1000 parameters')
    expect(() => boundHook(makeHook({ params: { big: 'x'.repeat(70_000) } }))).toThrow('big')
    expect(() => boundHook(makeHook({ ref: 'refs/heads/a\u0000b' }))).toThrow('ref')
    expect(() => boundHook(makeHook({ after: 'a'.repeat(501) }))).toThrow('after')
  })

  it('starts blocked, pending or waiting', () => {
    expect(initialStatus(false, [])).toBe('blocked')
    expect(initialStatus(false, ['a'])).toBe('blocked')
    expect(initialStatus(true, [])).toBe('pending')
    expect(initialStatus(true, ['a'])).toBe('waiting_on_dependencies')
  })

  it.each([
    ['a push', { trigger: '@hook', event: 'push' }, false, true],
    ['a push to a protected repository', { trigger: '@hook', event: 'push' }, true, false],
    ['a build that a person starts on a protected repository', { trigger: 'ann' }, true, true],
    [
      'a pull request of a fork',
      { trigger: '@hook', event: 'pull_request', fork: 'evil/app' },
      false,
      false,
    ],
    ['a pull request of nobody', { trigger: '@hook', event: 'pull_request' }, false, false],
    [
      'a pull request of the repository',
      { trigger: '@hook', event: 'pull_request', fork: 'Acme/app' },
      false,
      true,
    ],
    [
      'a pull request of a fork that a person starts',
      { trigger: 'ann', event: 'pull_request', fork: 'evil/app' },
      false,
      false,
    ],
  ] as const)('%s may run unapproved: %#', (_, hook, isProtected, verified) => {
    const repo = { slug: 'acme/app', protected: isProtected }
    expect(isVerified(repo, makeHook(hook))).toBe(verified)
  })

  it('lets a signed file of a protected repository run, but no fork', () => {
    const repo = { slug: 'acme/app', protected: true }
    const push = makeHook({ trigger: '@hook', event: 'push' })
    expect(isVerified(repo, push, true)).toBe(true)
    const fork = makeHook({ trigger: '@hook', event: 'pull_request', fork: 'evil/app' })
    expect(isVerified(repo, fork, true)).toBe(false)
  })
})

describe('completing a hook from its commit', () => {
  const commit: SourceCommit = {
    sha: 'c0ffee',
    ref: 'refs/heads/main',
    message: 'fix',
    authorName: 'Ann',
    authorEmail: 'ann@example.com',
    file: null,
  }

  it('fills in what is open', () => {
    expect(complete(makeHook({ event: 'push' }), commit)).toMatchObject({
      after: 'c0ffee',
      ref: 'refs/heads/main',
      source: 'main',
      target: 'main',
      message: 'fix',
      authorEmail: 'ann@example.com',
    })
  })

  it('keeps what the hook said, but for a short name of the ref', () => {
    const hook = makeHook({ ref: 'main', message: 'hello', target: 'release', author: 'bob' })
    expect(complete(hook, commit)).toMatchObject({
      ref: 'refs/heads/main',
      message: 'hello',
      target: 'release',
      source: 'main',
      author: 'bob',
    })
    expect(complete(makeHook({ ref: 'refs/tags/v1' }), { ...commit, ref: '' })).toMatchObject({
      ref: 'refs/tags/v1',
      source: '',
      target: '',
    })
  })
})
