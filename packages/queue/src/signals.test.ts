import type { BuildChange, CancelMessage } from '@waggle/domain'
import { silentLogger } from '@waggle/domain'
import { Redis } from '@waggle/redis'
import { startRedis, type TestRedis, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSignals } from './signals.ts'

describe('signals', () => {
  let server: TestRedis
  let admin: Redis
  let signals: Awaited<ReturnType<typeof openSignals>>
  let other: typeof signals
  beforeAll(async () => {
    server = await startRedis()
    admin = new Redis(server.url)
    admin.on('error', () => undefined)
    const deps = { redis: { url: server.url, prefix: '{s}' }, log: silentLogger }
    signals = await openSignals(deps)
    other = await openSignals(deps)
  })
  afterAll(async () => {
    await signals.close()
    await other.close()
    admin.disconnect()
    await server.stop()
  })

  it('tells a cancel to the worker it is for, and how many heard it', async () => {
    const heard: CancelMessage[] = []
    const foreign: CancelMessage[] = []
    const ends = [
      await signals.watchCancels('w1', { onCancel: (m) => heard.push(m), onGap: () => undefined }),
      await signals.watchCancels('w2', {
        onCancel: (m) => foreign.push(m),
        onGap: () => undefined,
      }),
    ]
    expect(await other.notifyCancel('w1', { stageId: 4, attempt: 2 })).toBe(1)
    await waitUntil('the cancel', () => heard.length > 0)
    expect(heard).toEqual([{ stageId: 4, attempt: 2 }])
    for (const end of ends) await end()
    expect(await other.notifyCancel('w1', { stageId: 4, attempt: 2 })).toBe(0)
    expect(foreign).toEqual([])
  })

  it('tells every watcher of a change, and ignores what is none', async () => {
    const heard: BuildChange[][] = [[], []]
    const ends = [
      await signals.watchChanges({ onChange: (c) => heard[0]!.push(c), onGap: () => undefined }),
      await other.watchChanges({ onChange: (c) => heard[1]!.push(c), onGap: () => undefined }),
    ]
    for (const garbage of ['{', '[]', 'null', '{"repoId":"1"}', 'x'.repeat(5_000)])
      await admin.publish('{s}:changes', garbage)
    await signals.publishChange({ repoId: 1, buildId: 2, version: 3 })
    await waitUntil('both', () => heard.every((list) => list.length > 0))
    expect(heard).toEqual([
      [{ repoId: 1, buildId: 2, version: 3 }],
      [{ repoId: 1, buildId: 2, version: 3 }],
    ])
    for (const end of ends) await end()
  })

  it('listens as soon as it may, where the first try was refused on a connection that stays', async () => {
    await admin.call('ACL', 'SETUSER', 'u', 'on', '>p', '~*', '+@all', 'resetchannels')
    const url = server.url.replace('redis://', 'redis://u:p@')
    const refused = await openSignals({ redis: { url, prefix: '{s}' }, log: silentLogger })
    let gaps = 0
    const heard: CancelMessage[] = []
    await refused.watchCancels('w4', {
      onCancel: (message) => heard.push(message),
      onGap: () => {
        gaps++
      },
    })
    expect(await other.notifyCancel('w4', { stageId: 1, attempt: 1 })).toBe(0)
    await admin.call('ACL', 'SETUSER', 'u', 'allchannels')
    await waitUntil('the gap', () => gaps > 0)
    expect(await other.notifyCancel('w4', { stageId: 4, attempt: 2 })).toBe(1)
    await waitUntil('the cancel', () => heard.length > 0)
    expect(heard).toEqual([{ stageId: 4, attempt: 2 }])
    await refused.close()
  })

  it('tells of a gap after its connection was killed, and hears again', async () => {
    let gaps = 0
    const heard: CancelMessage[] = []
    const end = await signals.watchCancels('w3', {
      onCancel: (m) => heard.push(m),
      onGap: () => {
        gaps++
      },
    })
    expect(gaps).toBe(0)
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes')
    await waitUntil('the gap', () => gaps > 0)
    expect(await admin.publish('{s}:cancels:w3', '{"stageId":1,"attempt":1}')).toBe(1)
    await waitUntil('the next cancel', () => heard.length === 1)
    await server.crash()
    await expect(other.notifyCancel('w3', { stageId: 1, attempt: 1 })).rejects.toMatchObject({
      kind: 'unavailable',
    })
    const before = gaps
    await server.restart()
    await waitUntil('the second gap', () => gaps > before)
    await end()
  })
})
