import { silentLogger } from '@waggle/domain'
import { freePort, startRedis, type TestRedis, waitUntil } from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ask, connectRedis, type Redis, whenReady } from './index.ts'

describe('a connection to Redis', () => {
  let server: TestRedis
  const opened: Redis[] = []
  beforeAll(async () => {
    server = await startRedis()
  })
  afterEach(() => {
    for (const redis of opened.splice(0)) redis.disconnect(false)
  })
  afterAll(() => server?.stop())

  const connect = (url = server.url): Redis => {
    const redis = connectRedis({ redis: { url, prefix: '{test}' }, log: silentLogger }, 'test')
    opened.push(redis)
    return redis
  }

  it('answers, under a name that CLIENT LIST shows', async () => {
    const redis = connect()
    expect(await ask(redis, () => redis.client('GETNAME'))).toBe('waggle:test')
  })

  it('says unavailable where nothing listens, the second time at once', async () => {
    const redis = connect(`redis://127.0.0.1:${await freePort()}`)
    const call = () => ask(redis, () => redis.ping())
    await expect(call()).rejects.toMatchObject({ kind: 'unavailable', code: 'redis_unavailable' })
    expect(await whenReady(redis)).toBe(false)
    await expect(call()).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('says unavailable while Redis hangs, and goes on when it is back', async () => {
    const redis = connect()
    await ask(redis, () => redis.ping())
    server.freeze()
    await expect(ask(redis, () => redis.ping())).rejects.toMatchObject({ kind: 'unavailable' })
    server.thaw()
    await waitUntil('an answer', () => ask(redis, () => redis.ping()).catch(() => null))
  })

  it('comes back by itself after a crash, and sends nothing of before again', async () => {
    const redis = connect()
    await ask(redis, () => redis.set('count', '0'))
    await server.crash()
    await expect(ask(redis, () => redis.incr('count'))).rejects.toMatchObject({
      kind: 'unavailable',
    })
    await server.restart()
    await waitUntil('an answer', () => ask(redis, () => redis.ping()).catch(() => null))
    expect(await ask(redis, () => redis.get('count'))).toBe('0')
  })

  it('names the reason of a refused command, and not its text', async () => {
    const redis = connect()
    await ask(redis, () => redis.set('text', 'x'))
    await expect(ask(redis, () => redis.lpush('text', 'y'))).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'redis_refused',
      fields: { reason: 'WRONGTYPE' },
    })
  })
})
