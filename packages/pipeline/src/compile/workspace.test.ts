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
  const within = [
    ...['/etc/docker', '/var/run', '/proc', '/usr/local/bin', '/usr/local/sbin', '/usr/bin'],
    ...['/bin', '/mnt', '/mount', '/media', '/sys', '/dev'],
  ].flatMap((path) => [path, `${path}/x`, `${path}/`, path.toUpperCase(), path.slice(1)])

  it.each(['/', '', '/etc', '/etc/', '/var', '/DEV/x', '/drone/../etc', '//proc', ...within])(
    'restricts %s',
    (path) => {
      expect(isRestrictedPath(path)).toBe(true)
    },
  )

  it.each(['/etc/foo', '/var/lib', '/usr/local', '/usr', '/binx', '/drone', '/mnts', '/.../etc'])(
    'allows %s',
    (path) => {
      expect(isRestrictedPath(path)).toBe(false)
    },
  )
})
