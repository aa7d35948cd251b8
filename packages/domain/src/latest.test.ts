import { expect, it } from 'vitest'
import { makeHook } from './hook.ts'
import { latestKeyOf } from './latest.ts'

it.each([
  [
    { event: 'push', target: 'a/b' },
    { type: 'branch', name: 'a/b' },
  ],
  [
    { event: 'pull_request', ref: 'refs/pull/42/head' },
    { type: 'pull_request', name: '42' },
  ],
  [
    { event: 'pull_request', ref: 'refs/merge-requests/7/head' },
    { type: 'pull_request', name: '7' },
  ],
  [{ event: 'pull_request', ref: 'refs/heads/x' }, null],
  [
    { event: 'promote', deployTo: 'live' },
    { type: 'deployment', name: 'live' },
  ],
  [
    { event: 'rollback', deployTo: 'live' },
    { type: 'deployment', name: 'live' },
  ],
  [{ event: 'tag', target: 'v1' }, null],
  [{ event: 'cron', target: 'main' }, null],
  [{ event: 'custom', target: 'main' }, null],
] as const)('%j is indexed as %j', (hook, key) => {
  expect(latestKeyOf(makeHook(hook))).toEqual(key)
})
