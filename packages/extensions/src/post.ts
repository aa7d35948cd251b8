import { type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { cancelled, invalid, isWaggleError, timedOut, unavailable } from '@waggle/domain'
import { checkedLookup, checkLiteral } from './checked-lookup.ts'

export interface PostQuestion {
  /** Who is asked, for messages: addresses may hold credentials and are not shown. */
  readonly name: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The whole exchange is over by then. */
  readonly timeoutMs: number
  /** A longer answer fails the call, or is cut there. */
  readonly limitBytes: number
  readonly isBodyCut?: boolean
  readonly skipVerify: boolean
  /** Whether loopback and private networks may be reached. */
  readonly allowPrivate: boolean
}

export interface PostAnswer {
  readonly status: number
  /** Reason phrase. */
  readonly phrase: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** One POST to a service of the operator. Redirects are answers, never followed; proxies of the environment are not
 *  used; a connection is made for each call, to an address that was checked. Throws `timeout`, `unavailable` (no
 *  answer, or an address that is refused), `invalid` (answer too long), and `cancelled` when the signal fires. */
export const post = async (question: PostQuestion, signal?: AbortSignal): Promise<PostAnswer> => {
  const { name, timeoutMs } = question
  const deadline = AbortSignal.timeout(timeoutMs)
  try {
    signal?.throwIfAborted()
    checkLiteral(question.url, question.allowPrivate)
    return await exchange(question, signal ? AbortSignal.any([signal, deadline]) : deadline)
  } catch (cause) {
    if (signal?.aborted)
      throw cancelled('call_cancelled', `${name}: the call was cancelled`, { cause })
    if (deadline.aborted)
      throw timedOut(
        'no_answer_in_time',
        `${name}: no answer within ${timeoutMs / 1_000} seconds`,
        {
          cause,
        },
      )
    if (isWaggleError(cause, 'invalid')) throw cause
    if (isWaggleError(cause, 'denied'))
      throw unavailable('address_refused', `${name}: ${cause.message}`, { cause })
    throw unavailable('no_answer', `${name}: no answer (${reasonOf(cause)})`, { cause })
  }
}

const exchange = (question: PostQuestion, signal: AbortSignal): Promise<PostAnswer> =>
  new Promise((resolve, reject) => {
    const { url, body, headers } = question
    const isSecure = url.protocol === 'https:'
    const call = (isSecure ? secureRequest : plainRequest)(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': body.length },
      lookup: checkedLookup(question.allowPrivate),
      signal,
      ...(isSecure ? { rejectUnauthorized: !question.skipVerify } : {}),
    })
    call.once('error', reject)
    call.once('response', (answer) => {
      // It may have answered before it read all of the question: writing on then fails, which says nothing any more.
      call.on('error', () => undefined)
      readBounded(question, answer).then(
        (bytes) =>
          resolve({
            status: answer.statusCode ?? 0,
            phrase: answer.statusMessage ?? '',
            headers: answer.headers,
            body: bytes,
          }),
        (error: unknown) => {
          call.destroy()
          reject(error)
        },
      )
    })
    call.end(body)
  })

const readBounded = async (
  { name, limitBytes, isBodyCut }: PostQuestion,
  answer: IncomingMessage,
): Promise<Buffer> => {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of answer as AsyncIterable<Buffer>) {
    // Leaving the loop ends the connection: nothing more is read.
    if (size + part.length > limitBytes && isBodyCut === true) break
    size += part.length
    if (size > limitBytes)
      throw invalid('answer_too_long', `${name}: the answer is longer than ${limitBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts, size)
}

/** The closed word of the system's error where it has one: texts may hold addresses. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  // Several addresses were tried: one of the failures speaks for all.
  const inner = error instanceof AggregateError ? error.errors[0] : error
  const code =
    (inner as NodeJS.ErrnoException | undefined)?.code ?? (error as NodeJS.ErrnoException).code
  return typeof code === 'string' ? code : error.name
}
