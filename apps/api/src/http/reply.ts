import type { ServerResponse } from 'node:http'

/** What a route answers. */
export type Reply =
  | {
      readonly kind: 'body'
      readonly status: number
      readonly contentType: string
      readonly text: string
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly kind: 'empty'; readonly status: number }
  /** Writes the response itself; `signal` fires when the caller went away or the server closes its streams. */
  | {
      readonly kind: 'stream'
      readonly write: (response: ServerResponse, signal: AbortSignal) => Promise<void>
    }

/** JSON ends in one newline and names no charset (rest-api.md §3.1). */
export const json = (
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({
  kind: 'body',
  status,
  contentType: 'application/json',
  text: `${JSON.stringify(value)}\n`,
  headers,
})

export const text = (
  body: string,
  status = 200,
  contentType = 'text/plain; charset=utf-8',
): Reply => ({
  kind: 'body',
  status,
  contentType,
  text: body,
})

export const empty = (status = 204): Reply => ({ kind: 'empty', status })

export const stream = (
  write: (response: ServerResponse, signal: AbortSignal) => Promise<void>,
): Reply => ({ kind: 'stream', write })
