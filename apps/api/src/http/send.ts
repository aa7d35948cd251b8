import type { ServerResponse } from 'node:http'
import type { Logger } from '@waggle/domain'
import type { Reply } from './reply.ts'
import { failureOf } from './status-of.ts'

export const sendReply = async (
  response: ServerResponse,
  reply: Reply,
  /** Made for streams only: it costs more than a small answer. */
  signal: () => AbortSignal,
): Promise<void> => {
  switch (reply.kind) {
    case 'empty':
      response.writeHead(reply.status).end()
      return
    case 'body': {
      const bytes = Buffer.from(reply.text, 'utf8')
      response.writeHead(reply.status, {
        ...reply.headers,
        'content-type': reply.contentType,
        'content-length': bytes.length,
      })
      response.end(bytes)
      return
    }
    case 'stream':
      await reply.write(response, signal())
      return
    default:
      throw new Error(`no such reply: ${String(reply satisfies never)}`)
  }
}

/** Answers with `{"message"}`. A stream that has begun is cut off instead, so that its reader sees that it is not whole. */
export const sendError = (response: ServerResponse, error: unknown, log: Logger): void => {
  const { status, message } = failureOf(error)
  if (status === 500) log.error('request failed', { err: error })
  else if (status === 503) log.warn('request not possible now', { err: error })
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  })
  response.end(`${JSON.stringify({ message })}\n`)
}
