import type { Secret } from '@waggle/domain'
import { expect, it } from 'vitest'
import { allowedSecrets } from './given-secrets.ts'

const secret = (name: string, pullRequest = false, forks = false) =>
  ({ name, pullRequest, forks }) as Secret

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

it('gives a fork only named ones that are marked for forks', () => {
  const fork = { ...request, sourceRepo: 'evil/app' }
  expect(allowedSecrets(kept, ['token', 'password', 'other'], fork, repo)).toEqual([])
  const marked = [...kept, secret('open', false, true)]
  expect(names(allowedSecrets(marked, ['token', 'open'], fork, repo))).toEqual(['open'])
})

it('gives the first of a name that may be had: of the repository, else of the namespace', () => {
  const two = [secret('token'), { ...secret('TOKEN', true), id: 2 }]
  expect(allowedSecrets(two, ['token'], push, repo)).toEqual([two[0]])
  const own = { ...request, sourceRepo: 'acme/app' }
  expect(allowedSecrets(two, ['token'], own, repo)).toEqual([two[1]])
})
