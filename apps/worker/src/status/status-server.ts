import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LogRing } from './log-ring.ts'
import type { RecentStages } from './recent-stages.ts'
import { logPage, overviewPage, statusPolicy, type WorkerStatus } from './status-page.ts'

export interface StatusOptions {
  readonly username: string
  readonly password: string
  readonly realm: string
  readonly stages: RecentStages
  readonly ring: LogRing
  readonly status: () => Promise<WorkerStatus>
}

/** Answers for the status page; `false` where the path is none of its pages. */
export type StatusPages = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

/** The status page of a worker, behind basic authentication: `/` and `/logs`, made on the server. */
export const statusPages = (options: StatusOptions): StatusPages => {
  const wanted = digest(`${options.username}:${options.password}`)
  const realm = options.realm.replace(/[^ !#-[\]-~]/g, '')
  return async (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0]
    if (path !== '/' && path !== '/logs') return false
    const answer = (code: number, text: string, headers: Readonly<Record<string, string>> = {}) => {
      response.writeHead(code, { ...safe, 'content-type': 'text/plain; charset=utf-8', ...headers })
      response.end(request.method === 'HEAD' ? '' : text)
      return true
    }
    // Hashes are of one length, so that the time of comparing says nothing about the text.
    if (!timingSafeEqual(digest(credentials(request)), wanted))
      return answer(401, 'the status page needs a name and a password\n', {
        'www-authenticate': `Basic realm="${realm}", charset="UTF-8"`,
      })
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(405, 'only reading\n', { allow: 'GET, HEAD' })
    const status = await options.status()
    const page =
      path === '/'
        ? overviewPage(status, options.stages.list())
        : logPage(status.name, options.ring.list())
    return answer(200, page, { 'content-type': 'text/html; charset=utf-8' })
  }
}

const safe = {
  'content-security-policy': statusPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const credentials = (request: IncomingMessage): string => {
  const [, given] = /^Basic +([\w+/=-]+) *$/i.exec(request.headers.authorization ?? '') ?? []
  return given === undefined ? '' : Buffer.from(given, 'base64').toString('utf8')
}
