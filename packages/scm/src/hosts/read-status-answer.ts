import type { StatusAnswer } from '@waggle/domain'
import type { HostKind } from './host-place.ts'

/** What came back, as HTTP says it. */
export interface HostAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

const longestWaitMs = 3_600_000
const reasonLength = 300

/** What a host's answer means (webhooks.md §10.3, §11.2): rate limits are 429 whatever the host calls them, and a state
 *  that GitLab has already is taken. */
export const readStatusAnswer = (
  kind: HostKind,
  { status, headers, body }: HostAnswer,
  nowMs: number,
): StatusAnswer => {
  if (status >= 200 && status < 300) return { status, retryAfterMs: 0, reason: '' }
  const reason = messageOf(body)
  if (kind === 'gitlab' && status === 400 && reason.includes('Cannot transition status via'))
    return { status: 200, retryAfterMs: 0, reason: '' }
  const isLimited =
    status === 429 ||
    (status === 403 &&
      (one(headers['x-ratelimit-remaining']) === '0' || one(headers['retry-after']) !== ''))
  if (isLimited) return { status: 429, retryAfterMs: waitOf(headers, nowMs), reason }
  const retryAfterMs = seconds(one(headers['retry-after'])) * 1_000
  return { status, retryAfterMs: Math.min(retryAfterMs, longestWaitMs), reason }
}

/** As long as the host says, else until its limit begins anew. At most an hour. */
const waitOf = (headers: HostAnswer['headers'], nowMs: number): number => {
  const told = seconds(one(headers['retry-after'])) * 1_000
  const reset = seconds(one(headers['x-ratelimit-reset']) || one(headers['ratelimit-reset']))
  const untilReset = reset === 0 ? 0 : Math.max(0, reset * 1_000 - nowMs)
  return Math.min(told || untilReset, longestWaitMs)
}

const one = (value: string | readonly string[] | undefined): string =>
  (typeof value === 'string' ? value : value?.[0]) ?? ''

/** Whole seconds; 0 for everything else. */
const seconds = (text: string): number => (/^\d{1,12}$/.test(text) ? Number(text) : 0)

/** The host's words: each host has another place for them. Bounded, and without control characters. */
const messageOf = (body: Buffer): string => {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    return ''
  }
  const [message, error, errors] = ['message', 'error', 'errors'].map((name) => member(value, name))
  const first = Array.isArray(errors) ? member(errors[0], 'message') : undefined
  const found = [first, message, member(error, 'message'), error].find(
    (one) => one !== undefined && one !== null,
  )
  const text = typeof found === 'string' ? found : found === undefined ? '' : JSON.stringify(found)
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, reasonLength)
    .toWellFormed()
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
