import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the other side sees it. */
export interface OutsideCall {
  readonly path: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: Record<string, unknown>
  /** Names of the headers that a valid signature covers, in its order; `null` = there is no valid one. */
  readonly signed: string | null
}

export interface OutsideService {
  readonly url: string
  readonly calls: readonly OutsideCall[]
  close(): Promise<void>
}

type Answer = (call: OutsideCall, answer: ServerResponse) => void

/** A service of somebody else on loopback: a real HTTP server that checks digests and signatures by itself. */
export const startOutsideService = async (
  secret: string,
  answer: Answer,
): Promise<OutsideService> => {
  const calls: OutsideCall[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    response.on('error', () => undefined)
    request.on('error', () => undefined)
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts)
      const call: OutsideCall = {
        path: request.url ?? '',
        method: request.method ?? '',
        headers: request.headers,
        body: JSON.parse(body.toString('utf8')) as Record<string, unknown>,
        signed: checkSignature(request.headers, body, secret),
      }
      calls.push(call)
      answer(call, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** Answers JSON, or a status alone. */
export const answerJson =
  (value: unknown, status = 200): Answer =>
  (_, answer) => {
    answer.writeHead(status, { 'content-type': 'application/json' })
    answer.end(value === undefined ? undefined : JSON.stringify(value))
  }

const checkSignature = (
  headers: IncomingHttpHeaders,
  body: Buffer,
  secret: string,
): string | null => {
  const sum = createHash('sha256').update(body).digest('base64')
  if (headers['digest'] !== `SHA-256=${sum}`) return null
  const late = Math.abs(Date.now() - Date.parse(String(headers['date'])))
  if (!(late < 300_000)) return null
  const fields = new Map<string, string>()
  for (const part of String(headers['signature']).split(',')) {
    const at = part.indexOf('="')
    fields.set(part.slice(0, at), part.slice(at + 2, -1))
  }
  if (fields.get('keyId') !== 'hmac-key' || fields.get('algorithm') !== 'hmac-sha256') return null
  const names = fields.get('headers') ?? ''
  const mac = createHmac('sha256', secret)
  mac.update(
    names
      .split(' ')
      .map((name) => `${name}: ${String(headers[name])}`)
      .join('\n'),
  )
  return mac.digest('base64') === fields.get('signature') ? names : null
}
