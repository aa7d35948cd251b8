import { randomUUID } from 'node:crypto'
import { type PublishedOffer, partitionName, scaledTimers, silentLogger } from '@waggle/domain'
import { Redis } from '@waggle/redis'
import { plainPartition, startRedis, type TestRedis, waitUntil } from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openPublisher } from './publisher.ts'

let stage = 0
const makeOffer = (labels: Record<string, string> = {}): PublishedOffer => ({
  stageId: ++stage,
  attempt: 1,
  partition: partitionName(plainPartition(labels)),
  attributes: plainPartition(labels),
  priority: 7,
})

describe('the publisher of offers', () => {
  let server: TestRedis
  let admin: Redis
  const opened: { close(): Promise<void> }[] = []
  const open = async (partitionIdleMs = 600_000) => {
    const prefix = `{t${randomUUID().slice(0, 8)}}`
    const publisher = await openPublisher({
      redis: { url: server.url, prefix },
      log: silentLogger,
      timers: { ...scaledTimers(), partitionIdleMs },
    })
    opened.push(publisher)
    const keys = async () =>
      (await admin.keys('*')).filter((key) => key.startsWith(prefix)).toSorted()
    return { publisher, prefix, keys }
  }

  beforeAll(async () => {
    server = await startRedis()
    admin = new Redis(server.url)
    admin.on('error', () => undefined)
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((thing) => thing.close()))
  })
  afterAll(async () => {
    admin.disconnect()
    await server.stop()
  })

  it('tells where an offer stands in its queue', async () => {
    const { publisher } = await open()
    const [first, second, sooner, never] = [1, 2, 3, 4].map(() => makeOffer({ place: 'x' }))
    if (!first || !second || !sooner || !never) throw new Error('no offers')
    await publisher.publish([first, second])
    await publisher.publish([{ ...sooner, priority: 1 }])
    expect(await publisher.place(second)).toEqual({ kind: 'waiting', ahead: 2, depth: 3 })
    expect(await publisher.place(sooner)).toEqual({ kind: 'waiting', ahead: 0, depth: 3 })
    expect(await publisher.place(never)).toEqual({ kind: 'missing', depth: 3 })
    expect(await publisher.place(makeOffer())).toEqual({ kind: 'missing', depth: 0 })
  })

  it('makes one entry of an offer that is published again', async () => {
    const { publisher } = await open()
    const offer = makeOffer()
    await publisher.publish([offer, offer])
    await publisher.publish([offer])
    expect(await publisher.depths([offer.partition])).toEqual(new Map([[offer.partition, 1]]))
  })

  it('puts ids and nothing else into an entry', async () => {
    const { publisher, prefix } = await open()
    const offer = makeOffer({ gpu: '1' })
    await publisher.publish([offer])
    const entry = await admin.hgetall(`${prefix}:${offer.partition}:${offer.stageId}-1`)
    expect(JSON.parse(entry['data']!)).toEqual({ stageId: offer.stageId, attempt: 1 })
    expect(entry['priority']).toBe('7')
  })

  it('counts entries per partition, also of many and of unknown ones', async () => {
    const { publisher } = await open()
    const list = Array.from({ length: 1_203 }, (_, i) => makeOffer({ n: String(i % 3) }))
    await publisher.publish(list)
    const names = [...new Set(list.map((offer) => offer.partition)), 'pipeline/unknown']
    expect([...(await publisher.depths(names)).values()]).toEqual([401, 401, 401, 0])
  })

  it('withdraws what is waiting, and does not mind what is gone', async () => {
    const { publisher } = await open()
    const [a, b] = [makeOffer(), makeOffer()]
    await publisher.publish([a, b])
    await publisher.withdraw([a, makeOffer()])
    await publisher.withdraw([a])
    expect(await publisher.depths([a.partition])).toEqual(new Map([[a.partition, 1]]))
    expect(await publisher.missing([a, b])).toEqual([a])
  })

  it('has lost its epoch and all entries after FLUSHALL, and takes them again', async () => {
    const { publisher, prefix } = await open()
    const list = [makeOffer(), makeOffer({ a: 'b' })]
    await publisher.publish(list)
    expect(await publisher.epoch()).toBeNull()
    await publisher.setEpoch('one')
    expect(await publisher.epoch()).toBe('one')
    await admin.flushall()
    expect(await publisher.epoch()).toBeNull()
    expect(await publisher.missing(list)).toEqual(list)
    await publisher.publish(list)
    expect(await publisher.missing(list)).toEqual([])
    expect(await admin.hget(`${prefix}:${list[0]!.partition}:meta`, 'opts.maxLenEvents')).toBe(
      '100',
    )
    expect(await admin.hlen(`${prefix}:partitions`)).toBe(2)
  })

  it('removes a partition with all its keys when it was empty for long, and only then', async () => {
    const { publisher, keys } = await open(200)
    const [idle, busy] = [makeOffer({ p: 'idle' }), makeOffer({ p: 'busy' })]
    await publisher.publish([idle, busy])
    await publisher.withdraw([idle])
    await waitUntil('the idle partition to go', async () =>
      (await keys()).every((key) => !key.includes('idle')),
    )
    expect(await publisher.missing([busy])).toEqual([])
    await publisher.publish([idle])
    expect(await publisher.missing([idle])).toEqual([])
  })

  it('fails as unavailable while Redis is away, frozen or never there, and works when it is back', async () => {
    const { publisher } = await open()
    await publisher.publish([makeOffer()])
    server.freeze()
    await expect(publisher.publish([makeOffer()])).rejects.toMatchObject({ kind: 'unavailable' })
    server.thaw()
    await waitUntil('publishing again', () => publisher.publish([makeOffer()]).then(() => true))
    await server.crash()
    for (const call of [
      () => publisher.epoch(),
      () => publisher.depths(['x']),
      () => publisher.missing([makeOffer()]),
      () => publisher.withdraw([makeOffer()]),
    ])
      await expect(call()).rejects.toMatchObject({ kind: 'unavailable' })
    await server.restart()
    await waitUntil('publishing after the restart', () =>
      publisher.publish([makeOffer()]).then(() => true),
    )
    const lost = await openPublisher({
      redis: { url: 'redis://127.0.0.1:1', prefix: '{x}' },
      log: silentLogger,
      timers: scaledTimers(),
    })
    opened.push(lost)
    await expect(lost.publish([makeOffer()])).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('says unavailable when Redis is full', async () => {
    const { publisher } = await open()
    await admin.config('SET', 'maxmemory', '1')
    try {
      await expect(publisher.publish([makeOffer()])).rejects.toMatchObject({
        kind: 'unavailable',
        code: 'redis_refused',
      })
    } finally {
      await admin.config('SET', 'maxmemory', '0')
    }
  })
})
