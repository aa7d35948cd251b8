import { describe, expect, it } from 'vitest'
import { hostPlace, slugAt } from './host-place.ts'

describe('where a host is', () => {
  it.each([
    ['github', '', 'https://github.com/', 'https://api.github.com/'],
    [
      'github',
      'https://ghe.example.com',
      'https://ghe.example.com/',
      'https://ghe.example.com/api/v3/',
    ],
    ['gitlab', '', 'https://gitlab.com/', 'https://gitlab.com/api/v4/'],
    [
      'gitea',
      'https://example.com/git',
      'https://example.com/git/',
      'https://example.com/git/api/v1/',
    ],
    ['forgejo', 'https://f.example.com', 'https://f.example.com/', 'https://f.example.com/api/v1/'],
    ['gogs', 'http://gogs:3000/', 'http://gogs:3000/', 'http://gogs:3000/api/v1/'],
    ['bitbucket', '', 'https://bitbucket.org/', 'https://api.bitbucket.org/2.0/'],
    [
      'stash',
      'https://bb.example.com/a?b#c',
      'https://bb.example.com/a/',
      'https://bb.example.com/a/rest/',
    ],
  ] as const)('%s at "%s"', (kind, server, pages, api) => {
    const place = hostPlace(kind, server)
    expect({ pages: place.server.href, api: place.api.href }).toEqual({ pages, api })
  })

  it('has its API elsewhere where that is said', () => {
    expect(hostPlace('github', 'https://ghe.test', 'https://api.ghe.test').api.href).toBe(
      'https://api.ghe.test/',
    )
  })

  it.each(['', 'gitea.example.com', 'ftp://a.test', 'https://user:word@a.test'])(
    'refuses "%s" as the address of a Gitea',
    (server) =>
      expect(() => hostPlace('gitea', server)).toThrow('the address of gitea has to begin'),
  )
})

describe('what a host calls a repository', () => {
  it.each([
    ['github', '', 'https://github.com/octo/hello.git', 'octo/hello'],
    ['github', '', 'https://GitHub.com/octo/hello/', 'octo/hello'],
    ['github', '', 'https://user:word@github.com/octo/hello.git', 'octo/hello'],
    ['github', '', 'git@github.com:octo/hello.git', 'octo/hello'],
    ['github', '', 'ssh://git@github.com:22/octo/hello.git', 'octo/hello'],
    ['github', '', 'https://github.com.evil.test/octo/hello.git', null],
    ['github', '', 'https://evil.test/github.com/octo/hello.git', null],
    ['github', '', 'https://github.com:8443/octo/hello.git', null],
    ['github', '', 'https://github.com/octo', null],
    ['github', '', 'https://github.com/octo/hello/more', null],
    ['github', '', 'https://github.com/octo/%2e%2e%2fhello', null],
    ['github', '', 'https://github.com/octo/%ff', null],
    ['github', '', '/srv/git/octo/hello', null],
    ['github', '', '', null],
    ['gitlab', '', 'https://gitlab.com/group/sub/hello.git', 'group/sub/hello'],
    ['gitea', 'https://a.test/git', 'https://a.test/git/octo/hello.git', 'octo/hello'],
    ['gitea', 'https://a.test/git', 'https://a.test/octo/hello.git', null],
    ['stash', 'https://bb.test', 'https://bb.test/scm/PRJ/hello.git', 'PRJ/hello'],
    ['stash', 'https://bb.test', 'ssh://git@bb.test:7999/prj/hello.git', 'prj/hello'],
  ] as const)('%s %s %s', (kind, server, address, slug) => {
    expect(slugAt(hostPlace(kind, server), address)).toBe(slug)
  })
})
