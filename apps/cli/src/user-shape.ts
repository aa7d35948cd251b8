import { number, object, text } from './json-members.ts'

export interface ApiUser {
  readonly id: number
  readonly login: string
  readonly email: string
  readonly admin: boolean
  readonly active: boolean
  readonly machine: boolean
  readonly created: number
  /** Only when it was just made. */
  readonly token: string
}

/** What somebody may do in a repository. */
export interface ApiMember {
  readonly login: string
  readonly right: string
}

export const readUser = (raw: unknown): ApiUser => {
  const user = object(raw)
  return {
    id: number(user['id']),
    login: text(user['login']),
    email: text(user['email']),
    admin: user['admin'] === true,
    active: user['active'] === true,
    machine: user['machine'] === true,
    created: number(user['created']),
    token: text(user['token']),
  }
}

export const readMember = (raw: unknown): ApiMember => {
  const member = object(raw)
  const right = ['admin', 'write', 'read'].find((name) => member[name] === true)
  return { login: text(member['login']), right: right ?? 'none' }
}
