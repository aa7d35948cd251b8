import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

interface HttpQuestion {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
  /** The whole exchange must be over by then. */
  readonly deadlineMs: number
  /** A longer answer fails the call: what is at the other end may be anything. */
  readonly limitBytes: number
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly body: Buffer
}

export interface HttpPoster {
  post(question: HttpQuestion): Promise<HttpAnswer>
  close(): void
}

/** POST over kept connections. `node:http` rather than `fetch`: it never follows a redirect, which would carry
 *  credentials to another place, and an answer can be cut off at its limit. */
export const createHttpPoster = (): HttpPoster => {
  const options = { keepAlive: true, scheduling: 'lifo' as const, maxSockets: 64 }
  const plain = new HttpAgent(options)
  const secure = new HttpsAgent(options)
  return {
    post: (question) => exchange(question, plain, secure),
    close: () => {
      plain.destroy()
      secure.destroy()
    },
  }
}

const exchange = (question: HttpQuestion, plain: HttpAgent, secure: HttpsAgent) =>
  new Promise<HttpAnswer>((resolve, reject) => {
    const isSecure = question.url.protocol === 'https:'
    // Bytes are sent from where they are: an upload is a MiB, and copies live until the next big collection.
    const body = typeof question.body === 'string' ? Buffer.from(question.body) : question.body
    const deadline = AbortSignal.timeout(question.deadlineMs)
    const call = (isSecure ? httpsRequest : httpRequest)(question.url, {
      method: 'POST',
      agent: isSecure ? secure : plain,
      headers: { ...question.headers, 'content-length': body.length },
      signal: AbortSignal.any([question.signal, deadline]),
    })
    const fail = (error: Error) =>
      reject(deadline.aborted ? new Error(`no answer within ${question.deadlineMs} ms`) : error)
    call.once('error', fail)
    call.once('response', (answer) => {
      readBounded(answer, question.limitBytes).then(
        (bytes) => resolve({ status: answer.statusCode ?? 0, body: bytes }),
        (error: Error) => {
          call.destroy()
          fail(error)
        },
      )
    })
    call.end(body)
  })

const readBounded = async (answer: IncomingMessage, limitBytes: number): Promise<Buffer> => {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length
    if (size > limitBytes) throw new Error(`the answer is longer than ${limitBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts, size)
}
