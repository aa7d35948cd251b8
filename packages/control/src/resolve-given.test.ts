import type { Secret } from '@waggle/domain'
import { expect, it } from 'vitest'
import { allowedSecrets } from './resolve-given.ts'

const secret = (name: string, pullRequest = false) => ({ name, pullRequest }) as Secret

const kept = [secret('token'), secret('PASSWORD', true), secret('other', true)]
const repo = { slug: 'acme/app' }
const push = { event: 'push', ref: 'refs/heads/main', sourceRepo: '' } as const
const request = { event: 'pull_request', ref: 'refs/pull/1/head' } as const
const names = (secrets: readonly Secret[]) => secrets.map(({ name }) => name)

it('gives a push exactly the secrets that its stage names, in any case', () => {
  expect(names(allowedSecrets(kept, ['Token', 'password', 'none'], push, repo))).toEqual([
    'token',
    'PASSWORD',
  ])
  expect(allowedSecrets(kept, [], push, repo)).toEqual([])
})

it('gives a pull request only named ones that are marked for it', () => {
  const own = { ...request, sourceRepo: 'acme/app' }
  expect(names(allowedSecrets(kept, ['token', 'password'], own, repo))).toEqual(['PASSWORD'])
})

it('gives a fork none, whatever it names', () => {
  const fork = { ...request, sourceRepo: 'evil/app' }
  expect(allowedSecrets(kept, ['token', 'password', 'other'], fork, repo)).toEqual([])
})
