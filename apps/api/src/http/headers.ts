import type { RequestHandler } from 'express'

/** Headers of every answer under /api (rest-api.md §3.3). No credentials across origins: the API takes tokens only,
 *  and a page of another origin has to bring one of its own (threats.md T-73). */
export const apiHeaders: RequestHandler = (request, response, next) => {
  response.set({
    'cache-control': 'no-cache, private, max-age=0',
    pragma: 'no-cache',
    expires: 'Thu, 01 Jan 1970 00:00:00 UTC',
    'x-accel-expires': '0',
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'Link',
  })
  if (request.method !== 'OPTIONS') return next()
  response.set({
    'access-control-allow-methods': 'GET, POST, PATCH, PUT, DELETE, OPTIONS',
    'access-control-allow-headers': 'Accept, Authorization, Content-Type, X-CSRF-Token',
    'access-control-max-age': '300',
  })
  response.writeHead(204).end()
}
