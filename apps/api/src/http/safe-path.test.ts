import { expect, test } from 'vitest'
import { isSafePath } from './safe-path.ts'

test.each(['/', '/api/repos/a/b', '/api/repos/a.b/c_d-e', '/hook/a/b', '/api/x/feature%20y'])(
  'takes %s',
  (path) => {
    expect(isSafePath(path)).toBe(true)
  },
)

test.each([
  '//api/user',
  '/api//user',
  '/api/./user',
  '/api/../user',
  '/api/%2e%2e/user',
  '/api/%2E/user',
  '/api%2fuser',
  '/api%2Fuser',
  '/api%5cuser',
  '/api\\user',
  '/api/user;.jsp',
  '/api/user%3b.jsp',
  '/api/user%00',
  '/api/user%0a',
  '/api/%zz',
  '/api/%ff',
  'api/user',
])('refuses %s', (path) => {
  expect(isSafePath(path)).toBe(false)
})
