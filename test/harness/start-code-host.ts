import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveGit } from '@waggle/testkit'

/** A status as the host has it. */
interface HostedStatus {
  readonly state: string
  readonly description: string
  readonly target_url: string
}

/** A code host on loopback that speaks Gitea's calls for statuses, and serves its repositories to git. */
export interface CodeHost {
  readonly url: string
  /** What it took, in its order; of a commit that it was told of in the path. */
  statuses(commit: string): readonly HostedStatus[]
  /** How it answers statuses from now on. */
  behave(way: 'take' | 'refuse' | 'hang'): void
  close(): Promise<void>
}

/** `root`: folder of the repositories, each `OWNER/NAME`. */
export const startCodeHost = async (root: string): Promise<CodeHost> => {
  const taken = new Map<string, HostedStatus[]>()
  let way: 'take' | 'refuse' | 'hang' = 'take'
  const answer = (response: ServerResponse, status: number) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end('{}')
  }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    const commit = /\/statuses\/([0-9a-f]+)$/.exec(pathname)?.[1]
    if (commit === undefined) {
      serveGit(root, pathname, request, response)
      return
    }
    const parts: Buffer[] = []
    request.on('error', () => undefined)
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      if (way === 'hang') return
      if (way === 'refuse') {
        answer(response, 503)
        return
      }
      const status = JSON.parse(Buffer.concat(parts).toString()) as HostedStatus
      taken.set(commit, [...(taken.get(commit) ?? []), status])
      answer(response, 201)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    statuses: (commit) => taken.get(commit) ?? [],
    behave: (next) => {
      way = next
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
