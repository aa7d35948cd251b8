import type { User } from '@waggle/domain'
import { expect, it } from 'vitest'
import { namespaceOf } from './namespace-of.ts'
import type { UserCall } from './route.ts'

const call = (user: Partial<User>, namespace: string) =>
  ({
    user: { login: 'ana', admin: false, active: true, ...user },
    params: { namespace },
  }) as unknown as UserCall

it.each<[string, Partial<User>, string]>([
  ['a system admin', { login: 'root', admin: true }, 'acme'],
  ['a user of that name', {}, 'ana'],
  ['a user of that name in another spelling', {}, 'ANA'],
])('lets %s into a namespace', (_, user, namespace) => {
  expect(namespaceOf(call(user, namespace))).toBe(namespace)
})

it.each<[string, Partial<User>, string]>([
  ['a stranger', {}, 'acme'],
  ['a user whose name only begins so', { login: 'an' }, 'ana'],
  ['a user of that name who was shut out', { active: false }, 'ana'],
  ['anybody without a name', { login: '' }, 'acme'],
])('refuses %s with 401', (_, user, namespace) => {
  expect(() => namespaceOf(call(user, namespace))).toThrow(
    expect.objectContaining({ status: 401, message: 'Forbidden' }),
  )
})
