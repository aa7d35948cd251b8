import { number, object, text } from './json-members.ts'

/** A receiver of outgoing webhooks, with what waits for it. */
export interface ApiReceiver {
  readonly receiver: string
  readonly url: string
  readonly waiting: number
  readonly failed: number
  readonly sent: number
  readonly oldest: number
}

/** What one receiver was, or is to be, told of. */
export interface ApiWebhookCall {
  readonly id: number
  readonly url: string
  readonly event: string
  readonly build: number
  readonly state: string
  readonly tries: number
  readonly status: number
  readonly error: string
  readonly created: number
}

export const readReceiver = (raw: unknown): ApiReceiver => {
  const receiver = object(raw)
  return {
    receiver: text(receiver['receiver']),
    url: text(receiver['url']),
    waiting: number(receiver['waiting']),
    failed: number(receiver['failed']),
    sent: number(receiver['sent']),
    oldest: number(receiver['oldest']),
  }
}

export const readWebhookCall = (raw: unknown): ApiWebhookCall => {
  const call = object(raw)
  return {
    id: number(call['id']),
    url: text(call['url']),
    event: `${text(call['event'])}:${text(call['action'])}`,
    build: number(call['build_id']),
    state: text(call['state']),
    tries: number(call['tries']),
    status: number(call['status']),
    error: text(call['error']),
    created: number(call['created']),
  }
}
