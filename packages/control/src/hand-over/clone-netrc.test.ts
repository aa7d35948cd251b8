import { describe, expect, it } from 'vitest'
import { cloneNetrc } from './clone-netrc.ts'

const account = { username: 'ci', password: 'token', always: false }
const repo = {
  slug: 'acme/app',
  gitHttpUrl: 'https://git.example:8443/acme/app.git',
  private: true,
}
const push = { event: 'push', ref: 'refs/heads/main', sourceRepo: '' } as const
const fork = { event: 'pull_request', ref: 'refs/pull/1/head', sourceRepo: 'evil/app' } as const
const netrc = { machine: 'git.example', login: 'ci', password: 'token' }

describe('the git credential of a build', () => {
  it('is given where the repository is private, for its host', () => {
    expect(cloneNetrc(account, repo, push)).toEqual(netrc)
    expect(cloneNetrc(account, { ...repo, private: false }, push)).toBeNull()
  })

  it('is given for public repositories where the setting says so, but to no fork', () => {
    const open = { ...repo, private: false }
    expect(cloneNetrc({ ...account, always: true }, open, push)).toEqual(netrc)
    expect(cloneNetrc({ ...account, always: true }, open, fork)).toBeNull()
    // A fork cannot read a private repository otherwise.
    expect(cloneNetrc(account, repo, fork)).toEqual(netrc)
  })

  it.each([undefined, { ...account, username: '' }, { ...account, password: '' }])(
    'is none without an account: %j',
    (lacking) => {
      expect(cloneNetrc(lacking, repo, push)).toBeNull()
    },
  )

  it.each(['', 'file:///srv/git/app.git', 'git@git.example:acme/app.git', 'nonsense'])(
    'is none for the address %j',
    (gitHttpUrl) => {
      expect(cloneNetrc(account, { ...repo, gitHttpUrl }, push)).toBeNull()
    },
  )
})
