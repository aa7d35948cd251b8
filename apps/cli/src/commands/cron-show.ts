import { internal } from '@waggle/domain'
import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import type { CommandContext, JsonFlags } from '../command-context.ts'
import { type ApiCron, readCron } from '../cron-shape.ts'
import { print, printJson } from '../print.ts'
import { printList } from '../print-list.ts'
import { timeText } from '../time-text.ts'
import { showCreated } from './build-create.ts'
import type { AddCronFlags, RunCronFlags, UpdateCronFlags } from './cron-flags.ts'

export const listCrons = async (
  client: Client,
  repo: string,
  { json }: JsonFlags,
): Promise<void> => {
  const raw = await client.ask(repo, 'GET', 'cron')
  printList(raw, {
    json,
    read,
    none: 'no cron jobs',
    head: ['NAME', 'SCHEDULE', 'BRANCH', 'NEXT', 'LAST'],
    row: (cron) => [
      cleanText(cron.name),
      cleanText(cron.expr),
      cleanText(cron.branch),
      cron.disabled ? 'disabled' : time(cron.next),
      cleanText(resultOf(cron).slice(0, 100)),
    ],
  })
}

export const showCron = async (
  client: Client,
  repo: string,
  name: string,
  { json }: JsonFlags,
): Promise<void> => {
  const raw = await client.ask(repo, 'GET', pathOf(name))
  if (json) printJson(raw)
  else printCron(read(raw))
}

export const addCron = async (
  client: Client,
  repo: string,
  { name, expr }: { readonly name: string; readonly expr: string },
  flags: AddCronFlags,
): Promise<void> => {
  const { branch, timezone, target, disabled } = flags
  const body = { name, expr, branch, timezone, target, disabled }
  const raw = await client.ask(repo, 'POST', 'cron', {}, body)
  if (flags.json) printJson(raw)
  else printCron(read(raw))
}

export const updateCron = async (
  client: Client,
  repo: string,
  name: string,
  flags: UpdateCronFlags,
): Promise<void> => {
  const { branch, expr, timezone, target, enable, disable } = flags
  const disabled = enable ? false : disable ? true : undefined
  const body = { branch, expr, timezone, target, disabled }
  const raw = await client.ask(repo, 'PATCH', pathOf(name), {}, body)
  if (flags.json) printJson(raw)
  else printCron(read(raw))
}

export const removeCron = async (client: Client, repo: string, name: string): Promise<void> => {
  await client.ask(repo, 'DELETE', pathOf(name))
  print(`cron job ${name} of ${repo} removed`)
}

/** Gives the exit code. */
export const runCron = async (
  client: Client,
  repo: string,
  name: string,
  flags: RunCronFlags,
  context: CommandContext,
): Promise<number> =>
  showCreated(client, repo, await client.startBuild(repo, pathOf(name)), flags, context)

const pathOf = (name: string): string => `cron/${encodeURIComponent(name)}`

const printCron = (cron: ApiCron): void => {
  print(`cron job ${cleanText(cron.name)}: ${cleanText(cron.expr)}`)
  const facts = [
    ['zone', cron.timezone],
    ['branch', cron.branch],
    ['target', cron.target],
    ['next', cron.disabled ? 'disabled' : time(cron.next)],
    ['prev', time(cron.prev)],
    ['last', resultOf(cron)],
  ]
  for (const [name = '', value = ''] of facts)
    if (value !== '') print(`  ${name.padEnd(7)} ${cleanText(value)}`)
}

const resultOf = ({ error, lastBuild }: ApiCron): string =>
  error || (lastBuild > 0 ? `build ${lastBuild}` : '')

const read = (raw: unknown): ApiCron => {
  const cron = readCron(raw)
  if (cron !== null) return cron
  throw internal('bad_answer', 'the server answered with something that is no cron job')
}

const time = (seconds: number): string => (seconds <= 0 ? '' : `${timeText(seconds)} UTC`)
