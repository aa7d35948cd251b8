import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StatusPages } from './status/status-server.ts'

export interface HealthFacts {
  readonly isReady: boolean
  readonly reason: string
  readonly slots: number
  readonly running: number
  readonly stages: number
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/** `/healthz` (the process lives), `/readyz` (it takes stages) and `/metrics` of a worker, and its status page. */
export const startHealthServer = async (
  port: number,
  facts: () => HealthFacts,
  pages?: StatusPages,
): Promise<HealthServer> => {
  const server = createServer((request, response) => {
    request.resume()
    void answerWith(request, response)
  })
  const answerWith = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (status: number, text: string) => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
      response.end(text)
    }
    const now = facts()
    if (request.url === '/healthz') answer(200, 'OK\n')
    else if (request.url === '/readyz') answer(now.isReady ? 200 : 503, `${now.reason}\n`)
    else if (request.url === '/metrics') answer(200, metrics(now))
    else if (!(await pages?.(request, response))) answer(404, 'not found\n')
  }
  server.requestTimeout = 10_000
  server.headersTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const metrics = (facts: HealthFacts): string =>
  [
    ['waggle_worker_ready', 'gauge', 'Whether the worker takes stages.', facts.isReady ? 1 : 0],
    ['waggle_worker_slots', 'gauge', 'How many stages the worker runs at once.', facts.slots],
    ['waggle_worker_stages_running', 'gauge', 'Stages that the worker holds.', facts.running],
    ['waggle_worker_stages_total', 'counter', 'Stages accepted since the start.', facts.stages],
    [
      'process_resident_memory_bytes',
      'gauge',
      'Resident memory of the process.',
      process.memoryUsage.rss(),
    ],
  ]
    .map(
      ([name, type, help, value]) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`,
    )
    .join('')
