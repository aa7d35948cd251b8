import { invalid, unavailable } from '@waggle/domain'
import { type Endpoint, endpointUrl } from './endpoint.ts'
import { openAnswer } from './open-answer.ts'
import { type PostAnswer, post } from './post.ts'
import { digestOf, type SignedHeaders, signatureOf } from './sign-request.ts'

export interface AskOptions {
  readonly allowPrivate: boolean
  readonly limitBytes: number
  /** Ask for an encrypted answer, and take no other. */
  readonly isEncrypted?: boolean
}

/** A service and how it is spoken to. */
export interface Asked extends AskOptions {
  /** For messages, such as `config extension`. */
  readonly name: string
  /** `application/vnd.drone.<kind>.v1+json`. */
  readonly accept: string
  readonly endpoint: Endpoint
}

/** Asks an extension (scheduling.md §15.1): a signed POST of JSON. Gives the answer as it came, decrypted; what its
 *  status means is the caller's to say. */
export const askExtension = async (
  asked: Asked,
  question: object,
  signal?: AbortSignal,
): Promise<PostAnswer> => {
  const { name, endpoint } = asked
  const body = Buffer.from(JSON.stringify(question))
  const signed: SignedHeaders = [
    ['accept', asked.accept],
    ['accept-encoding', asked.isEncrypted ? 'aesgcm' : 'identity'],
    ['content-type', 'application/json'],
    ['date', new Date().toUTCString()],
    ['digest', digestOf(body)],
  ]
  const headers = {
    ...Object.fromEntries(signed),
    signature: signatureOf(signed, endpoint.secret),
    'user-agent': 'waggle',
  }
  const url = endpointUrl(endpoint.url, name)
  const { timeoutMs, skipVerify } = endpoint
  const { allowPrivate, limitBytes } = asked
  const answer = await post(
    { name, url, headers, body, timeoutMs, limitBytes, skipVerify, allowPrivate },
    signal,
  )
  return { ...answer, body: decoded(asked, answer) }
}

const decoded = ({ name, endpoint, isEncrypted }: Asked, answer: PostAnswer): Buffer => {
  const coding = answer.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (coding === 'aesgcm') return openAnswer(answer.body, endpoint.secret, name)
  if (coding !== 'identity' && coding !== '')
    throw invalid('extension_answer', `${name}: the answer has an encoding that was not asked for`)
  // Whoever can change the answer on its way must not be able to take its encryption off.
  if (isEncrypted === true && answer.body.length > 0 && answer.status < 300)
    throw invalid('extension_answer', `${name}: the answer is not encrypted`)
  return answer.body
}

/** The JSON of an answer; `null` = no answer: status 204, or nothing in it. Throws `invalid` with the service's own
 *  words for a refusal, `unavailable` where that may pass (5xx, 429), and `invalid` for what is no JSON. */
export const readAnswer = ({ name }: Asked, answer: PostAnswer): unknown => {
  if (answer.status > 299) {
    const fail = answer.status >= 500 || answer.status === 429 ? unavailable : invalid
    throw fail('extension_refused', `${name}: ${refusalText(answer)}`)
  }
  const text = answer.body.toString('utf8').trim()
  if (answer.status === 204 || text === '') return null
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw invalid('extension_answer', `${name}: the answer is not JSON`, { cause })
  }
}

const longestRefusal = 2_000
const controls = /[^\P{Cc}\t\n]/gu

/** What a refusal says: the message of a JSON answer, else the body as it is, else the status. */
export const refusalText = ({ status, phrase, body }: PostAnswer): string => {
  const text = body.subarray(0, 64 * 1024).toString('utf8')
  const said = messageOf(text) ?? text
  const clean = said.toWellFormed().replace(controls, '').trim().slice(0, longestRefusal)
  return clean === '' ? `status ${status} ${phrase}`.trim() : clean.toWellFormed()
}

const messageOf = (text: string): string | null => {
  try {
    return textOf(JSON.parse(text), 'message')
  } catch {
    return null
  }
}

/** A member of an answer that is a text. */
export const textOf = (value: unknown, key: string): string | null => {
  const member = memberOf(value, key)
  return typeof member === 'string' ? member : null
}

/** A member of an answer's own: what a prototype has does not count. */
export const memberOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
