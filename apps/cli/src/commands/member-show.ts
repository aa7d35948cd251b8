import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import type { JsonFlags } from '../command-context.ts'
import { print, printJson, table } from '../print.ts'
import { readMember } from '../user-shape.ts'

export const listMembers = async (
  client: Client,
  repo: string,
  { json }: JsonFlags,
): Promise<void> => {
  const raw = await client.ask(repo, 'GET', 'collaborators')
  if (json) {
    printJson(raw)
    return
  }
  const members = (Array.isArray(raw) ? raw : []).map(readMember)
  if (members.length === 0) {
    print('nobody but system admins')
    return
  }
  const rows = members.map(({ login, right }) => [cleanText(login), right])
  print(table([['LOGIN', 'MAY'], ...rows]))
}

export const setMember = async (
  client: Client,
  repo: string,
  login: string,
  right: string,
): Promise<void> => {
  const raw = await client.ask(repo, 'PUT', pathOf(login), {}, { [right]: true })
  print(`${login} may ${readMember(raw).right} ${repo}`)
}

export const removeMember = async (client: Client, repo: string, login: string): Promise<void> => {
  await client.ask(repo, 'DELETE', pathOf(login))
  print(`${login} may do nothing in ${repo} any more`)
}

const pathOf = (login: string): string => `collaborators/${encodeURIComponent(login)}`
