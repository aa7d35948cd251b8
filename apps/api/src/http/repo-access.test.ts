import { expect, test } from 'vitest'
import { type AccessQuestion, repoAccess } from './repo-access.ts'

const person = { admin: false, active: true }
const admin = { admin: true, active: true }
const rights = (word: string) => ({
  read: word.includes('r'),
  write: word.includes('w'),
  admin: word.includes('a'),
})

type Row = [
  AccessQuestion['user'],
  'public' | 'internal' | 'private' | 'missing',
  AccessQuestion['permission'],
  AccessQuestion['need'],
  ReturnType<typeof repoAccess>,
]

test.each<Row>([
  // Unknown repositories.
  [null, 'missing', null, 'read', 401],
  [person, 'missing', null, 'read', 404],
  [admin, 'missing', null, 'admin', 404],
  // Guests.
  [null, 'public', null, 'read', 'allow'],
  [null, 'public', null, 'write', 401],
  [null, 'public', null, 'admin', 401],
  [null, 'internal', null, 'read', 401],
  [null, 'private', null, 'read', 401],
  // System admins, whatever the repository; also while their account is not active.
  [admin, 'private', null, 'admin', 'allow'],
  [{ admin: true, active: false }, 'private', null, 'write', 'allow'],
  // People without a permission row.
  [person, 'public', null, 'read', 'allow'],
  [person, 'internal', null, 'read', 'allow'],
  [person, 'internal', null, 'write', 404],
  [person, 'private', null, 'read', 404],
  [person, 'public', null, 'write', 404],
  // People with one.
  [person, 'private', rights('r'), 'read', 'allow'],
  [person, 'private', rights('r'), 'write', 404],
  [person, 'private', rights('w'), 'read', 'allow'],
  [person, 'private', rights('w'), 'write', 'allow'],
  [person, 'private', rights('w'), 'admin', 404],
  [person, 'private', rights('a'), 'admin', 'allow'],
  [person, 'private', rights('a'), 'write', 'allow'],
  [person, 'private', rights(''), 'read', 404],
  // An account that is not active is told so only where its own permission would count.
  [{ admin: false, active: false }, 'private', rights('a'), 'read', 403],
  [{ admin: false, active: false }, 'public', null, 'read', 'allow'],
])('of %j on a %s repository with %j that needs %s: %s', (user, kind, permission, need, answer) => {
  const repo = kind === 'missing' ? null : { visibility: kind }
  expect(repoAccess({ user, repo, permission, need })).toBe(answer)
})
