import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { EventStream } from './event-stream.ts'

const server = createServer()
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

test('a stream that is made while the server stops sends its reader to another process at once', async () => {
  server.on('request', (_, response) => {
    void new EventStream(response, AbortSignal.abort())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  expect(await answer.text()).toBe(': ping\n\nretry: 1000\n\n')
})
