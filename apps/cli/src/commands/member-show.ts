import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import type { JsonFlags } from '../command-context.ts'
import { print } from '../print.ts'
import { printList } from '../print-list.ts'
import { readMember } from '../user-shape.ts'

export const listMembers = async (
  client: Client,
  repo: string,
  { json }: JsonFlags,
): Promise<void> => {
  const raw = await client.ask(repo, 'GET', 'collaborators')
  printList(raw, {
    json,
    read: readMember,
    none: 'nobody but system admins',
    head: ['LOGIN', 'MAY'],
    row: ({ login, right }) => [cleanText(login), right],
  })
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
