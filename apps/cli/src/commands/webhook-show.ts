import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import type { JsonFlags } from '../command-context.ts'
import { print, printJson } from '../print.ts'
import { printList } from '../print-list.ts'
import { ago, timeText } from '../time-text.ts'
import { readReceiver, readWebhookCall } from '../webhook-shape.ts'
import type { WebhookListFlags } from './webhook-flags.ts'

export const listReceivers = async (client: Client, { json }: JsonFlags): Promise<void> => {
  const raw = await client.operate('/api/webhooks')
  printList(raw, {
    json,
    read: readReceiver,
    none: 'no receivers: the server has no WAGGLE_WEBHOOK_ENDPOINT',
    head: ['RECEIVER', 'WAITING', 'OLDEST', 'FAILED', 'SENT', 'URL'],
    row: (one) => [
      cleanText(one.receiver),
      String(one.waiting),
      ago(one.oldest),
      String(one.failed),
      String(one.sent),
      cleanText(one.url),
    ],
  })
}

export const listWebhookCalls = async (
  client: Client,
  { page, limit, state, receiver, json }: WebhookListFlags,
): Promise<void> => {
  const query = new URLSearchParams({
    page: String(page),
    per_page: String(limit),
    ...(state === undefined ? {} : { state }),
    ...(receiver === undefined ? {} : { receiver }),
  })
  const raw = await client.operate(`/api/webhooks/calls?${query.toString()}`)
  printList(raw, {
    json,
    read: readWebhookCall,
    none: 'no calls',
    head: ['#', 'TIME', 'EVENT', 'STATE', 'TRIES', 'STATUS', 'URL', 'ERROR'],
    row: (call) => [
      String(call.id),
      timeText(call.created),
      cleanText(call.event),
      cleanText(call.state),
      String(call.tries),
      call.status === 0 ? '-' : String(call.status),
      cleanText(call.url) || '-',
      cleanText(call.error).slice(0, 100),
    ],
  })
}

export const retryWebhookCall = async (
  client: Client,
  id: number,
  { json }: JsonFlags,
): Promise<void> => {
  const raw = await client.operate(`/api/webhooks/calls/${id}`, 'POST')
  if (json) {
    printJson(raw)
    return
  }
  const again = readWebhookCall(raw)
  const what = cleanText(`${again.event} to ${again.url}`)
  print(`call ${id}, ${what}, waits again as ${again.id}`)
}
