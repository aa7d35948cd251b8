import { internal } from '@waggle/domain'
import { readBuild } from '../api-shapes.ts'
import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import { type ApiDelivery, readDelivery } from '../delivery-shape.ts'
import { exitCodes } from '../exit-code.ts'
import { print, printJson } from '../print.ts'
import { printList } from '../print-list.ts'
import { timeText } from '../time-text.ts'
import type { DeliveryFlags, DeliveryListFlags } from './delivery-flags.ts'

export const listDeliveries = async (
  client: Client,
  repo: string,
  { page, limit, outcome, json }: DeliveryListFlags,
): Promise<void> => {
  const raw = await client.ask(repo, 'GET', 'deliveries', {
    page: String(page),
    per_page: String(limit),
    ...(outcome === undefined ? {} : { outcome }),
  })
  printList(raw, {
    json,
    read,
    none: 'no deliveries',
    head: ['#', 'TIME', 'VIA', 'EVENT', 'REF', 'OUTCOME', 'RESULT'],
    row: (delivery) => [
      String(delivery.id),
      timeText(delivery.created),
      delivery.via,
      cleanText(delivery.event),
      cleanText(delivery.ref),
      cleanText(delivery.outcome),
      resultOf(delivery).slice(0, 100),
    ],
  })
}

/** Gives the exit code. */
export const showDelivery = async (
  client: Client,
  repo: string,
  id: number,
  { json }: DeliveryFlags,
): Promise<number> => {
  const raw = await client.ask(repo, 'GET', `deliveries/${id}`)
  if (json) printJson(raw)
  else printDelivery(repo, read(raw))
  return exitCodes.ok
}

const printDelivery = (repo: string, delivery: ApiDelivery): void => {
  print(`delivery ${delivery.id} of ${repo}: ${cleanText(delivery.outcome)}`)
  const facts = [
    ['result', resultOf(delivery)],
    ['event', delivery.event],
    ['ref', delivery.ref],
    ['commit', delivery.commit],
    ['sender', delivery.sender],
    ['via', `${delivery.via} ${delivery.delivery}`],
    ['body', delivery.bodyHash && `${delivery.bodyBytes} bytes, sha256 ${delivery.bodyHash}`],
    ['time', timeText(delivery.created)],
    ['tries', String(delivery.tries)],
    ['again', delivery.canRedeliver ? 'can be delivered again' : 'its request was not kept'],
  ]
  for (const [name = '', value = ''] of facts)
    if (value.trim() !== '') print(`  ${name.padEnd(8)} ${cleanText(value)}`)
}

/** Gives the exit code: a delivery that builds nothing is no failure of the command. */
export const redeliver = async (
  client: Client,
  repo: string,
  id: number,
  { json }: DeliveryFlags,
): Promise<number> => {
  const raw = await client.ask(repo, 'POST', `deliveries/${id}/redeliver`)
  const build = readBuild(raw)
  if (json) printJson(raw)
  else if (build !== null) print(`build ${build.number} of ${repo}: ${build.status}`)
  else if (raw === null) return showDelivery(client, repo, id, {})
  else print(`delivery ${id} of ${repo} is being worked on`)
  return build?.status === 'error' ? exitCodes.buildFailed : exitCodes.ok
}

const read = (raw: unknown): ApiDelivery => {
  const delivery = readDelivery(raw)
  if (delivery !== null) return delivery
  throw internal('bad_answer', 'the server answered with something that is no delivery')
}

const resultOf = ({ build, reason }: ApiDelivery): string =>
  cleanText([build > 0 ? `build ${build}` : '', reason].filter(Boolean).join(': '))
