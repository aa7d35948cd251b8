import { createHash } from 'node:crypto'
import type { WebhookEvent, WebhookReceiver } from '@waggle/domain'
import { matchSimpleGlob } from '@waggle/pipeline'
import { endpointUrl, shownUrl } from './endpoint.ts'
import { post } from './post.ts'
import { digestOf, type SignedHeaders, signatureOf } from './sign-request.ts'

export interface WebhookSettings {
  readonly urls: readonly string[]
  readonly secret: string
  /** Patterns of `event:action`; none = all. */
  readonly events: readonly string[]
  readonly skipVerify: boolean
  readonly allowPrivate: boolean
  readonly timeoutMs: number
}

/** What a receiver says is not looked at beyond this. */
const answerBytes = 64 * 1024
const longestWaitMs = 3_600_000

/** Who is told by system webhooks (scheduling.md §14.2); an address that is named twice is one receiver. Throws
 *  `invalid` for an address that is none. */
export const createWebhookReceivers = (settings: WebhookSettings): readonly WebhookReceiver[] => {
  const urls = settings.urls.map((text) => endpointUrl(text, 'webhook endpoint'))
  const byKey = new Map(urls.map((url) => [keyOf(url), url]))
  return [...byKey].map(([key, url]) => ({
    key,
    url: shownUrl(url),
    wants: (event) => isWanted(settings.events, event),
    send: (event, body, signal) => send(settings, url, event, body, signal),
  }))
}

const keyOf = (url: URL): string => createHash('sha256').update(url.href).digest('hex').slice(0, 32)

/** A pattern is of `event:action` as a whole, and a bare event stands for all of its actions (quirk S20). */
export const isWanted = (patterns: readonly string[], { event, action }: WebhookEvent): boolean =>
  patterns.length === 0 ||
  patterns.some((pattern) =>
    matchSimpleGlob(pattern.includes(':') ? pattern : `${pattern}:*`, `${event}:${action}`),
  )

const send = async (
  { secret, skipVerify, allowPrivate, timeoutMs }: WebhookSettings,
  url: URL,
  event: WebhookEvent['event'],
  text: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly retryAfterMs: number }> => {
  const body = Buffer.from(text)
  const signed: SignedHeaders = [
    ['date', new Date().toUTCString()],
    ['digest', digestOf(body)],
  ]
  const headers = {
    'x-drone-event': event,
    'content-type': 'application/json',
    ...Object.fromEntries(signed),
    signature: signatureOf(signed, secret),
    'user-agent': 'waggle',
  }
  const { status, headers: said } = await post(
    {
      ...{ name: 'webhook', url, headers, body, timeoutMs, skipVerify, allowPrivate },
      limitBytes: answerBytes,
      isBodyCut: true,
    },
    signal,
  )
  return { status, retryAfterMs: retryAfter(said['retry-after']) }
}

/** Whole seconds; dates are not understood. At most an hour. */
const retryAfter = (value: string | undefined): number =>
  value !== undefined && /^\d{1,6}$/.test(value)
    ? Math.min(Number(value) * 1_000, longestWaitMs)
    : 0
