import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import type { JsonFlags } from '../command-context.ts'
import { print, printJson, table } from '../print.ts'
import { ago, timeText } from '../time-text.ts'
import { readReceiver, readWebhookCall } from '../webhook-shape.ts'
import type { WebhookListFlags } from './webhook-flags.ts'

export const listReceivers = async (client: Client, { json }: JsonFlags): Promise<void> => {
  const raw = await client.operate('/api/webhooks')
  if (json) {
    printJson(raw)
    return
  }
  const receivers = (Array.isArray(raw) ? raw : []).map(readReceiver)
  if (receivers.length === 0) {
    print('no receivers: the server has no WAGGLE_WEBHOOK_ENDPOINT')
    return
  }
  const rows = receivers.map((one) => [
    cleanText(one.receiver),
    String(one.waiting),
    ago(one.oldest),
    String(one.failed),
    String(one.sent),
    cleanText(one.url),
  ])
  print(table([['RECEIVER', 'WAITING', 'OLDEST', 'FAILED', 'SENT', 'URL'], ...rows]))
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
  if (json) {
    printJson(raw)
    return
  }
  const calls = (Array.isArray(raw) ? raw : []).map(readWebhookCall)
  if (calls.length === 0) {
    print('no calls')
    return
  }
  const rows = calls.map((call) => [
    String(call.id),
    timeText(call.created),
    cleanText(call.event),
    cleanText(call.state),
    String(call.tries),
    call.status === 0 ? '-' : String(call.status),
    cleanText(call.url) || '-',
    cleanText(call.error).slice(0, 100),
  ])
  print(table([['#', 'TIME', 'EVENT', 'STATE', 'TRIES', 'STATUS', 'URL', 'ERROR'], ...rows]))
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
