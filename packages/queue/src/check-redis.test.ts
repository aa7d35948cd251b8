import { createServer } from 'node:net'
import type { LogFields, Logger } from '@waggle/domain'
import { silentLogger } from '@waggle/domain'
import { Redis } from '@waggle/redis'
import { startRedis, type TestRedis } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkRedis } from './check-redis.ts'

describe('the check of Redis at start', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis({ persistent: false })
  })
  afterAll(() => server.stop())
  const check = (url: string, log: Logger = silentLogger) =>
    checkRedis({ redis: { url, prefix: '{x}' }, log })

  it('accepts a Redis that keeps its keys', async () => {
    expect((await check(server.url)).version).toMatch(/^\d+\.\d+/)
  })

  it('refuses one that may evict keys, naming the policy and what to set', async () => {
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    await expect(check(server.url)).rejects.toMatchObject({
      kind: 'invalid',
      code: 'redis_evicts',
      message: expect.stringContaining('maxmemory-policy allkeys-lru'),
    })
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  })

  it('says what to do when nobody answers, without the password', async () => {
    const error = await check('redis://:geheim@127.0.0.1:1/0').catch((caught: unknown) => caught)
    expect(error).toMatchObject({ kind: 'unavailable' })
    expect(String(error)).toContain('127.0.0.1:1')
    expect(String(error)).not.toContain('geheim')
  })

  it('gives up on something that accepts connections and says nothing', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : 0
    await expect(check(`redis://127.0.0.1:${port}`)).rejects.toMatchObject({ kind: 'unavailable' })
    silent.close()
  })

  it('says that the password is wrong', async () => {
    await server.command('CONFIG', 'SET', 'requirepass', 'right')
    for (const url of [server.url, server.url.replace('redis://', 'redis://:wrong@')])
      await expect(check(url)).rejects.toMatchObject({ kind: 'invalid', code: 'redis_denied' })
    const right = new Redis(server.url, { password: 'right' })
    await right.config('SET', 'requirepass', '')
    right.disconnect()
  })

  it('warns where the policy may not be read', async () => {
    await server.command(
      'ACL',
      'SETUSER',
      'shy',
      'on',
      '>pw',
      '~*',
      '&*',
      '+@all',
      '-info',
      '-config',
    )
    const warnings: [string, LogFields | undefined][] = []
    const log = {
      ...silentLogger,
      child: () => log,
      warn: (text: string, fields?: LogFields) => warnings.push([text, fields]),
    } as Logger
    await check(server.url.replace('redis://', 'redis://shy:pw@'), log)
    expect(warnings.map(([text]) => text)).toContain(
      'redis hides its eviction policy; it must be noeviction',
    )
  })
})
