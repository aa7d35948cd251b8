import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { waitUntil } from '@waggle/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from './client.ts'
import { exitCodeOf } from './exit-code.ts'
import { readLog } from './read-log.ts'

let server: Server | undefined

const serve = async (listener: (...args: Parameters<RequestListener>) => unknown) => {
  server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return createClient({ server: `http://127.0.0.1:${port}/`, token: 'secret' })
}

const failure = async (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => {
      throw new Error('did not fail')
    },
    (error: Error) => error,
  )

describe('createClient', () => {
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
    server = undefined
  })

  it.each([
    [401, 3],
    [403, 3],
    [404, 4],
    [409, 5],
    [400, 2],
    [503, 6],
    [500, 8],
  ])('turns the answer %i into exit code %i, with its text', async (status, code) => {
    const client = await serve((_, response) =>
      response.writeHead(status).end(JSON.stringify({ message: 'said so' })),
    )
    const error = await failure(client.stopBuild('a/b', 1))
    expect(error.message).toContain('said so')
    expect(exitCodeOf(error)).toBe(code)
  })

  it('says that nothing was built where the server answers null', async () => {
    const client = await serve((_, response) => response.end('null'))
    const error = await failure(client.createBuild('a/b', {}))
    expect(error.message).toContain('built nothing')
  })

  it('says why nothing was built', async () => {
    const seen: (string | undefined)[] = []
    const client = await serve((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      response.writeHead(200, { 'x-waggle-reason': 'trigger.branch: d%C3%A9v is not in [main]' })
      response.end('null')
    })
    const error = await failure(client.startBuild('a/b', 'builds/3/promote', { target: 'x y' }))
    expect(error.message).toContain('trigger.branch: dév is not in [main]')
    expect(seen).toEqual(['POST /api/repos/a/b/builds/3/promote?target=x+y'])
  })

  it('does not take the page of some other server for an answer', async () => {
    const client = await serve((_, response) => response.end('<html>'))
    const error = await failure(client.findBuild('a/b', 1))
    expect(error.message).toContain('is it a Waggle server')
  })

  it('sends the token and a slug that cannot leave its place in the path', async () => {
    const seen: (string | undefined)[] = []
    const client = await serve((request, response) => {
      seen.push(request.headers.authorization, request.url)
      response.end('{"number":1,"status":"success"}')
    })
    await client.findBuild('a/b?c', 1)
    expect(seen).toEqual(['Bearer secret', '/api/repos/a/b%3Fc/builds/1'])
    expect(exitCodeOf(await failure(client.findBuild('../x', 1)))).toBe(2)
  })

  it('gives the repository that is there its new address', async () => {
    const seen: (string | undefined)[] = []
    const client = await serve((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      response.writeHead(request.method === 'POST' ? 409 : 200).end('{}')
    })
    await client.ensureRepo({ slug: 'a/b', git_http_url: 'file:///x' })
    expect(seen).toEqual(['POST /api/repos', 'PATCH /api/repos/a/b'])
  })

  it('reads a log stream over frame borders to its end mark, from a line on', async () => {
    let last: string | undefined
    const client = await serve(async (request, response) => {
      last = request.headers['last-event-id'] as string
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const text = [
        ': ping\n\n',
        'id: 6\ndata: {"pos":6,"out":"old\\n","time":0}\n\n',
        'id: 7\r\ndata: {"pos":7,"out":"ä\\n","time":1}\r\n\r\n',
        'event: error\ndata: eof\n\n',
      ].join('')
      for (const byte of Buffer.from(text)) response.write(Buffer.from([byte]))
      response.end()
    })
    const lines = []
    const address = { build: 1, stage: 1, step: 1 }
    for await (const line of client.followLog('a/b', address, 7, new AbortController().signal))
      lines.push(line)
    expect(last).toBe('6')
    expect(lines).toEqual([{ pos: 7, out: 'ä\n', time: 1 }])
  })

  it('tells a stream that broke off from one that ended', async () => {
    const client = await serve((_, response) => {
      response.write('data: {"pos":0,"out":"a\\n","time":0}\n\n')
      setTimeout(() => response.destroy(), 20)
    })
    const read = async () => {
      const address = { build: 1, stage: 1, step: 1 }
      for await (const _ of client.followLog('a/b', address, 0, new AbortController().signal));
    }
    expect(await failure(read())).toMatchObject({ kind: 'unavailable' })
  })

  it('says that there is a log without reading it', async () => {
    let isClosed = false
    const client = await serve((request, response) => {
      if (request.url?.endsWith('/2')) return response.writeHead(404).end('{"message":"Not Found"}')
      response.on('close', () => {
        isClosed = true
      })
      response.write('[')
      const write = (): void => {
        while (
          !response.destroyed &&
          response.write('{"pos":0,"out":"x","time":0},'.repeat(1_000))
        );
        response.once('drain', write)
      }
      return write()
    })
    const { signal } = new AbortController()
    expect(await client.hasLog('a/b', { build: 1, stage: 1, step: 1 }, signal)).toBe(true)
    expect(await client.hasLog('a/b', { build: 1, stage: 1, step: 2 }, signal)).toBe(false)
    await waitUntil('the answer to be broken off', () => isClosed)
  })

  it('reads a log line by line, on from the next one where the connection breaks', async () => {
    const asked: unknown[] = []
    let sent = 0
    const client = await serve((request, response) => {
      asked.push(request.headers['last-event-id'])
      const first = asked.length === 1 ? 0 : sent
      response.write(`data: {"pos":${first},"out":"","time":0}\n\n`)
      sent = first + 1
      if (sent === 3) response.end('event: error\ndata: eof\n\n')
      // After it has been read, also on a busy machine.
      else setTimeout(() => response.destroy(), 200)
    })
    const address = { build: 1, stage: 1, step: 1 }
    const numbers: number[] = []
    for await (const line of readLog(client, 'a/b', address, 0, new AbortController().signal)) {
      // Each comes before the next one was sent: nothing is collected.
      expect(sent).toBe(line.pos + 1)
      numbers.push(line.pos)
    }
    expect(numbers).toEqual([0, 1, 2])
    expect(asked).toEqual([undefined, '0', '1'])
  })

  it('gives a log up whose connections bring nothing', async () => {
    let asked = 0
    const client = await serve((_, response) => {
      asked++
      response.write(': ping\n\n')
      setTimeout(() => response.destroy(), 5)
    })
    const address = { build: 1, stage: 1, step: 1 }
    const read = async () => {
      for await (const _ of readLog(client, 'a/b', address, 0, new AbortController().signal));
    }
    expect(await failure(read())).toMatchObject({ kind: 'unavailable' })
    expect(asked).toBe(5)
  })
})
