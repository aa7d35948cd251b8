import { type Hook, makeHook } from '@waggle/domain'
import { expect, it } from 'vitest'
import { whyNoBuild } from './why-no-build.ts'

const directive = 'skip directive [ci skip] in the message or title'
const requests = 'the repository ignores pull requests'
const forks = 'the repository ignores pull requests of forks'

it.each<[Partial<Hook>, { ignoreForks?: boolean; ignorePullRequests?: boolean }, string | null]>([
  [{ event: 'push' }, {}, null],
  [{ event: 'push', message: '[CI Skip] x' }, {}, directive],
  [{ event: 'tag', message: '[ci skip]' }, {}, null],
  [{ event: 'push' }, { ignoreForks: true, ignorePullRequests: true }, null],
  [{ event: 'pull_request', fork: 'acme/app' }, { ignorePullRequests: true }, requests],
  [{ event: 'pull_request', fork: 'acme/app' }, { ignoreForks: true }, null],
  [{ event: 'pull_request', fork: 'Acme/App' }, { ignoreForks: true }, null],
  [{ event: 'pull_request', fork: 'ana/app' }, { ignoreForks: true }, forks],
  [{ event: 'pull_request', fork: '' }, { ignoreForks: true }, forks],
  [{ event: 'pull_request', fork: 'ana/app' }, {}, null],
  [{ event: 'pull_request', title: '[ci skip]' }, { ignorePullRequests: true }, directive],
  [{ event: 'custom', fork: 'ana/app' }, { ignoreForks: true, ignorePullRequests: true }, null],
])('%j with %j: %s', (hook, flags, reason) => {
  expect(whyNoBuild(makeHook(hook), { slug: 'acme/app', ...flags })).toBe(reason)
})
