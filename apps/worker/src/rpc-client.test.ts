import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { okReply } from '@waggle/contract'
import { silentLogger, systemClock } from '@waggle/domain'
import { afterEach, describe, expect, it } from 'vitest'
import { createRpcClient, type RpcCall } from './rpc-client.ts'

let server: Server | undefined

const serve = async (
  listener: (...args: Parameters<RequestListener>) => unknown,
): Promise<string> => {
  server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const clientOf = (url: string, onUnauthorized: () => Promise<void> = () => Promise.resolve()) =>
  createRpcClient({ server: url, clock: systemClock, log: silentLogger, onUnauthorized })

const callOf = (more: Partial<RpcCall<{ ok: true }>> = {}): RpcCall<{ ok: true }> => ({
  path: '/x',
  body: { a: 1 },
  reply: okReply,
  credential: () => 'secret',
  signal: new AbortController().signal,
  ...more,
})

describe('createRpcClient', () => {
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
    server = undefined
  })

  it('repeats a call until it is answered, over 503, 429, a broken connection and a page of a proxy', async () => {
    let count = 0
    const url = await serve((request, response) => {
      count++
      if (count === 1) response.writeHead(503).end('{"message":"away"}')
      else if (count === 2) response.writeHead(429).end()
      else if (count === 3) request.socket.destroy()
      else if (count === 4) response.end('<html>')
      else response.end('{"ok":true}')
    })
    await expect(clientOf(url).call(callOf())).resolves.toEqual({ ok: true })
    expect(count).toBe(5)
  })

  it('repeats over a 404 or 403 that a proxy made, but not over one of the API', async () => {
    const answers = [
      [404, '<h1>404 page not found</h1>'],
      [403, ''],
      [404, '{"error":"no route"}'],
      [200, '{"ok":true}'],
      [404, '{"message":"Not Found"}'],
    ] as const
    let count = 0
    const url = await serve((_, response) => {
      const [status, body] = answers[count++] ?? [500, '']
      response.writeHead(status).end(body)
    })
    await expect(clientOf(url).call(callOf())).resolves.toEqual({ ok: true })
    await expect(clientOf(url).call(callOf())).rejects.toMatchObject({ kind: 'internal' })
    expect(count).toBe(5)
  })

  it('gives a refusal with its code, at once', async () => {
    let count = 0
    const url = await serve((_, response) => {
      count++
      response.writeHead(409).end('{"message":"gone","code":"lease_lost"}')
    })
    await expect(clientOf(url).call(callOf())).rejects.toMatchObject({
      kind: 'conflict',
      code: 'lease_lost',
    })
    expect(count).toBe(1)
  })

  it('does not repeat what cannot become better', async () => {
    let count = 0
    const url = await serve((_, response) => {
      count++
      response.writeHead(400).end('{"message":"bad body"}')
    })
    await expect(clientOf(url).call(callOf())).rejects.toMatchObject({
      kind: 'internal',
      message: expect.stringContaining('bad body'),
    })
    expect(count).toBe(1)
  })

  it('introduces itself again after 401 and repeats with the new credential', async () => {
    let token = 'old'
    const seen: (string | undefined)[] = []
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization)
      if (request.headers.authorization === 'Bearer new') response.end('{"ok":true}')
      else response.writeHead(401).end('{"message":"Unauthorized"}')
    })
    const client = clientOf(url, async () => {
      token = 'new'
    })
    await client.call(callOf({ credential: () => token }))
    expect(seen).toEqual(['Bearer old', 'Bearer new'])
  })

  it('ends at once when its signal fires', async () => {
    const url = await serve(() => undefined)
    const stop = new AbortController()
    const call = clientOf(url).call(callOf({ signal: stop.signal }))
    setTimeout(() => stop.abort(), 20)
    await expect(call).rejects.toMatchObject({ kind: 'cancelled' })
  })

  it('lets the try under way end after its last try was announced, and repeats no more', async () => {
    const last = new AbortController()
    let count = 0
    const url = await serve((_, response) => {
      count++
      last.abort()
      setTimeout(
        () => (count === 1 ? response.end('{"ok":true}') : response.writeHead(503).end()),
        50,
      )
    })
    const client = clientOf(url)
    await expect(client.call(callOf({ lastTry: last.signal }))).resolves.toEqual({ ok: true })
    await expect(client.call(callOf({ lastTry: last.signal }))).rejects.toMatchObject({
      kind: 'cancelled',
    })
    expect(count).toBe(2)
  })

  it('gives up an answer that does not come in time or does not end', async () => {
    const silent = await serve(() => undefined)
    await expect(clientOf(silent).call(callOf({ tries: 1, deadlineMs: 50 }))).rejects.toMatchObject(
      { kind: 'unavailable', message: expect.stringContaining('50 ms') },
    )
    server?.closeAllConnections()
    server?.close()
    const part = Buffer.alloc(1024 * 1024, 'x')
    const endless = await serve((_, response) => {
      const more = () => {
        while (response.write(part));
      }
      response.on('drain', more)
      response.on('error', () => undefined)
      more()
    })
    await expect(clientOf(endless).call(callOf({ tries: 1 }))).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('longer than'),
    })
  })

  it('sends bytes as they are, with their query', async () => {
    let got: unknown
    const url = await serve(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      got = [request.url, request.headers['content-type'], Buffer.concat(parts)]
      response.end('{"ok":true}')
    })
    const body = Buffer.from([0, 255, 10, 13])
    await clientOf(url).call(callOf({ body, query: { first: 3 } }))
    expect(got).toEqual(['/x?first=3', 'application/octet-stream', body])
  })

  it('never follows a redirect: it would carry the credential to another place', async () => {
    let count = 0
    const url = await serve((_, response) => {
      count++
      response.writeHead(307, { location: '/y' }).end()
    })
    await expect(clientOf(url).call(callOf())).rejects.toMatchObject({ kind: 'internal' })
    expect(count).toBe(1)
  })
})
