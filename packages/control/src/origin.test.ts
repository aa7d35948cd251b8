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

  it('gives a pull request only secrets marked for it, and a fork none', () => {
    const marked = { pullRequest: true }
    const plain = { pullRequest: false }
    expect([mayHaveSecret('own', marked), mayHaveSecret('own', plain)]).toEqual([true, true])
    expect(mayHaveSecret('pull_request', marked)).toBe(true)
    expect(mayHaveSecret('pull_request', plain)).toBe(false)
    expect([mayHaveSecret('fork', marked), mayHaveSecret('fork', plain)]).toEqual([false, false])
  })
})
