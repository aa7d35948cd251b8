import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import type { JsonFlags } from '../command-context.ts'
import { print, printJson } from '../print.ts'
import { printList } from '../print-list.ts'
import { timeText } from '../time-text.ts'
import { type ApiUser, readUser } from '../user-shape.ts'
import type { UserAddFlags, UserListFlags, UserUpdateFlags } from './user-flags.ts'

export const listUsers = async (
  client: Client,
  { page, limit, json }: UserListFlags,
): Promise<void> => {
  const raw = await client.operate(`/api/users?page=${page}&per_page=${limit}`)
  printList(raw, {
    json,
    read: readUser,
    none: 'no users',
    head: ['#', 'LOGIN', 'KIND', 'EMAIL', 'CREATED'],
    row: (user) => [
      String(user.id),
      cleanText(user.login),
      kindOf(user),
      cleanText(user.email) || '-',
      timeText(user.created),
    ],
  })
}

export const showUser = async (client: Client, login: string, flags: JsonFlags): Promise<void> =>
  show(await client.operate(pathOf(login)), flags)

export const addUser = async (
  client: Client,
  login: string,
  { admin, machine, userToken: token, json }: UserAddFlags,
): Promise<void> =>
  show(await client.operate('/api/users', 'POST', { login, admin, machine, token }), { json })

export const updateUser = async (
  client: Client,
  login: string,
  { admin, active, json }: UserUpdateFlags,
): Promise<void> => show(await client.operate(pathOf(login), 'PATCH', { admin, active }), { json })

export const rotateToken = async (client: Client, login: string, flags: JsonFlags): Promise<void> =>
  show(await client.operate(`${pathOf(login)}/token/rotate`, 'POST'), flags)

export const removeUser = async (client: Client, login: string): Promise<void> => {
  await client.operate(pathOf(login), 'DELETE')
  print(`user ${login} deleted`)
}

const pathOf = (login: string): `/api/users/${string}` => `/api/users/${encodeURIComponent(login)}`

const show = (raw: unknown, { json }: { readonly json?: boolean | undefined }): void => {
  if (json) {
    printJson(raw)
    return
  }
  const user = readUser(raw)
  print(`user ${cleanText(user.login)} (${user.id}): ${kindOf(user)}`)
  if (user.email !== '') print(`  email ${cleanText(user.email)}`)
  if (user.token !== '') print(`  token ${cleanText(user.token)}`)
}

const kindOf = ({ admin, active, machine }: ApiUser): string =>
  [
    admin ? 'system admin' : 'user',
    ...(machine ? ['machine'] : []),
    ...(active ? [] : ['not active']),
  ].join(', ')
