import { createServer } from 'node:http'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { tempFolder } from '@waggle/testkit'
import { expect, it } from 'vitest'
import { EngineClient } from './engine-client.ts'

it('renders none of its connections as text: that would be more than half of a call', async () => {
  const folder = await tempFolder('client')
  const server = createServer((_request, response) => response.end('{"ok":true}'))
  const socketPath = join(folder.path, 'engine.sock')
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const client = new EngineClient(socketPath)
  let rendered = 0
  const count = () => `connection ${++rendered}`
  Object.defineProperty(Socket.prototype, inspect.custom, { value: count, configurable: true })
  try {
    // The second call finds the connection of the first.
    for (let call = 0; call < 2; call++)
      expect(await client.call('GET', '/_ping')).toEqual({ ok: true })
    expect(rendered).toBe(0)
  } finally {
    Reflect.deleteProperty(Socket.prototype, inspect.custom)
    client.close()
    await new Promise((resolve) => server.close(resolve))
    await folder.remove()
  }
})
