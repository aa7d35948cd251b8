import { spawn } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers a request as a code host does that serves the repositories of a folder; `path` is below that folder. */
export const serveGit = (
  root: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void => {
  const coding = request.headers['content-encoding']
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: root,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: path,
      QUERY_STRING: new URL(request.url ?? '/', 'http://x').search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      ...(coding ? { HTTP_CONTENT_ENCODING: coding } : {}),
    },
  })
  request.pipe(child.stdin)
  const parts: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => parts.push(chunk))
  child.once('close', () => {
    const whole = Buffer.concat(parts)
    const end = whole.indexOf('\r\n\r\n')
    const headers: Record<string, string> = {}
    for (const line of whole.subarray(0, Math.max(0, end)).toString().split('\r\n')) {
      const colon = line.indexOf(':')
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
    }
    const status = Number.parseInt(headers['status'] ?? '200', 10)
    delete headers['status']
    response.writeHead(status, headers).end(whole.subarray(end + 4))
  })
}
