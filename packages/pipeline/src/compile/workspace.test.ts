import { describe, expect, it } from 'vitest'
import { isRestrictedPath, workspaceOf } from './workspace.ts'

describe('workspaceOf', () => {
  it.each<[string, string, string, string, string, string]>([
    ['', '', 'linux', '/drone/src', '', '/drone/src'],
    ['', 'app', '', '/drone/src', 'app', '/drone/src/app'],
    ['', '/go/src/app', '', '/go/src/app', '', '/go/src/app'],
    ['/b', '', '', '/b', '', '/b'],
    ['/b', 'p/q', '', '/b', 'p/q', '/b/p/q'],
    ['/b', '/p', '', '/b', '/p', '/b/p'],
    ['', '.', '', '/drone/src', '.', '/drone/src'],
    ['', '../../etc', '', '/drone/src', '', '/drone/src'],
    ['/proc', '', '', '/drone/src', '', '/drone/src'],
    ['/b', 'p', 'windows', 'c:\\b', 'p', 'c:\\b\\p'],
  ])('base %j and path %j on %j', (base, path, os, expectedBase, expectedPath, full) => {
    expect(workspaceOf({ base, path }, os)).toEqual({
      base: expectedBase,
      path: expectedPath,
      full,
    })
  })

  it('mounts a local directory at the working directory', () => {
    expect(workspaceOf({ base: '', path: 'app' }, '', '/home/ana/app')).toEqual({
      base: '/drone/src/app',
      path: '',
      full: '/drone/src/app',
    })
  })
})

describe('isRestrictedPath', () => {
  it.each(['/', '/etc', '/var', '/var/run/x', '/DEV/x', '/drone/../etc', '/usr/bin', '/bin/sh'])(
    'restricts %s',
    (path) => {
      expect(isRestrictedPath(path)).toBe(true)
    },
  )

  it.each(['/etc/foo', '/var/lib', '/usr/local', '/binx', '/drone'])('allows %s', (path) => {
    expect(isRestrictedPath(path)).toBe(false)
  })
})
