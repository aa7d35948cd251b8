import { describe, expect, it } from 'vitest'
import { mayHaveSecret, originOf } from './origin.ts'

const repo = { slug: 'acme/app' }

describe('origin of a build (threats C.1)', () => {
  it.each([
    ['push', 'refs/heads/main', '', 'own'],
    ['tag', 'refs/tags/v1', '', 'own'],
    ['cron', 'refs/heads/main', '', 'own'],
    ['promote', 'refs/heads/main', '', 'own'],
    ['pull_request', 'refs/pull/1/head', 'acme/app', 'pull_request'],
    ['pull_request', 'refs/pull/1/head', 'Acme/App', 'pull_request'],
    ['pull_request', 'refs/pull/1/head', 'evil/app', 'fork'],
    ['pull_request', 'refs/pull/1/head', '', 'fork'],
    ['custom', 'refs/pull/1/head', '', 'fork'],
    ['push', 'refs/merge-requests/1/head', '', 'fork'],
    ['promote', 'refs/pull-requests/1/from', 'evil/app', 'fork'],
  ] as const)('%s of %s from "%s" is %s', (event, ref, sourceRepo, origin) => {
    expect(originOf({ event, ref, sourceRepo }, repo)).toBe(origin)
  })

  it.each([
    ['promote', 'refs/heads/topic', 'evil/app', 'fork'],
    ['custom', 'refs/heads/topic', 'acme/app', 'pull_request'],
  ] as const)(
    '%s of %s that was a request from "%s" keeps its origin',
    (event, ref, sourceRepo, origin) => {
      expect(originOf({ event, ref, sourceRepo }, repo)).toBe(origin)
    },
  )

  it.each([
    // what the secret says; own, pull request, fork
    [{ pullRequest: false, forks: false }, [true, false, false]],
    [{ pullRequest: true, forks: false }, [true, true, false]],
    [{ pullRequest: false, forks: true }, [true, false, true]],
    [{ pullRequest: true, forks: true }, [true, true, true]],
  ] as const)('a secret with %j is had by its origins only', (secret, expected) => {
    const origins = ['own', 'pull_request', 'fork'] as const
    expect(origins.map((origin) => mayHaveSecret(origin, secret))).toEqual(expected)
  })
})
