import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  type Offer,
  type OfferConsumerOptions,
  type Partition,
  type PublishedOffer,
  partitionName,
  scaledTimers,
  silentLogger,
  type WorkerProfile,
} from '@waggle/domain'
import { Redis } from '@waggle/redis'
import { plainPartition, startRedis, type TestRedis, waitUntil } from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openConsumer, type QueueConsumer } from './consumer.ts'
import { openPublisher } from './publisher.ts'
import { openStalledChecks } from './stalled-checks.ts'

// What tells partitions apart that one worker can serve.
const many = (count: number): readonly Partition[] =>
  Array.from({ length: count }, (_, i) =>
    plainPartition(
      Object.fromEntries(
        Array.from({ length: 4 }, (_, bit) => [`l${bit}`, 'x'] as const).filter(
          (_, bit) => (i >> bit) & 1,
        ),
      ),
    ),
  )

const allLabels: WorkerProfile = {
  ...plainPartition({ l0: 'x', l1: 'x', l2: 'x', l3: 'x' }),
  labelMatch: 'subset',
}

let stage = 0
const offers = (partitions: readonly Partition[], each: number): PublishedOffer[] =>
  partitions.flatMap((attributes) =>
    Array.from({ length: each }, () => ({
      stageId: ++stage,
      attempt: 1,
      partition: partitionName(attributes),
      attributes,
      priority: 10,
    })),
  )

/** A stage that runs until it is told to end. */
const makeWorker = (
  redis: { url: string; prefix: string },
  more: Partial<OfferConsumerOptions> & { slots: number; profile?: WorkerProfile },
  scale = 1,
) => {
  const taken: (Offer & { partition: string })[] = []
  const running: (() => void)[] = []
  const consumer = openConsumer({
    redis,
    log: silentLogger,
    timers: scaledTimers(scale),
    workerId: randomUUID(),
    profile: allLabels,
    onOffer: async (offer) => {
      taken.push(offer)
      return { kind: 'settled', done: new Promise<void>((resolve) => running.push(resolve)) }
    },
    ...more,
  })
  return {
    consumer,
    taken,
    endAll: () => {
      for (const end of running.splice(0)) end()
    },
  }
}

describe('the consumer of offers', () => {
  let server: TestRedis
  let admin: Redis
  const opened: { close(): Promise<void> }[] = []
  const later = <T extends { close(): Promise<void> }>(thing: T): T => {
    opened.push(thing)
    return thing
  }
  let prefix = ''
  const redis = () => {
    prefix = `{t${randomUUID().slice(0, 8)}}`
    return { url: server.url, prefix }
  }
  const publisherOf = async (address: { url: string; prefix: string }) =>
    later(await openPublisher({ redis: address, log: silentLogger, timers: scaledTimers() }))
  const start = async (consumer: QueueConsumer) => later(consumer).start()

  beforeAll(async () => {
    server = await startRedis()
    admin = new Redis(server.url, { maxRetriesPerRequest: null })
    admin.on('error', () => undefined)
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((thing) => thing.close()))
  })
  afterAll(async () => {
    admin.disconnect()
    await server.stop()
  })

  it('fetches a backlog without waiting for its marker, and waits again at its end', async () => {
    const count = async (command: string) => {
      const info = await admin.info('commandstats')
      return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(info)?.[1] ?? 0)
    }
    const address = redis()
    const publisher = await publisherOf(address)
    const backlog = offers(many(1), 40)
    await publisher.publish(backlog)
    const before = await count('bzpopmin')
    const worker = makeWorker(address, { slots: 2 })
    await start(worker.consumer)
    // Full each time: that there is more than it has room for is how it knows of a backlog.
    for (let taken = 2; taken <= backlog.length; taken += 2) {
      await waitUntil('both slots to be in use', () => worker.taken.length === taken, 60_000, 1)
      if (taken < backlog.length) worker.endAll()
    }
    expect((await count('bzpopmin')) - before).toBeLessThan(10)
    worker.endAll()
    // Not one fetch after the other: it waits.
    await waitUntil('a wait', async () =>
      (await admin.info('clients')).includes('blocked_clients:1'),
    )
    const [next] = offers(many(1), 1)
    if (next) await publisher.publish([next])
    await waitUntil('the next one', () => worker.taken.length > backlog.length)
    worker.endAll()
  })

  it.each([1, 4, 16])(
    'holds no more than its slots over %i partitions, and a second worker starts at once',
    async (count) => {
      const address = redis()
      const publisher = await publisherOf(address)
      const partitions = many(count)
      await publisher.publish(offers(partitions, Math.ceil(64 / count)))
      const first = makeWorker(address, { slots: 4 })
      await start(first.consumer)
      await waitUntil('four stages', () => first.taken.length === 4)
      const names = partitions.map(partitionName)
      const depth = async () =>
        [...(await publisher.depths(names)).values()].reduce((sum, n) => sum + n, 0)
      await waitUntil('the taken entries to be finished', async () => (await depth()) === 60)

      const second = makeWorker(address, { slots: 4 })
      await start(second.consumer)
      await waitUntil('four more on the second', () => second.taken.length === 4)
      await waitUntil('their entries to be finished', async () => (await depth()) === 56)
      expect(first.taken).toHaveLength(4)

      first.endAll()
      await waitUntil('four more on the first', () => first.taken.length === 8)
      expect(second.taken).toHaveLength(4)
      // In turn: none is served twice before the others.
      const served = new Set(first.taken.slice(0, 4).map((offer) => offer.partition))
      expect(served.size).toBe(Math.min(4, count))
    },
  )

  it('serves a partition that appears while it waits', async () => {
    const serve = async () => {
      const address = redis()
      const publisher = await publisherOf(address)
      const worker = makeWorker(address, { slots: 2 })
      const startedAt = performance.now()
      await start(worker.consumer)
      await publisher.publish(offers(many(1), 1))
      await waitUntil('the first', () => worker.taken.length === 1)
      await publisher.publish(offers(many(2).slice(1), 1))
      await waitUntil('the one of the new partition', () => worker.taken.length === 2)
      return performance.now() - startedAt
    }
    // Sooner than its second sweep, four seconds after the first: it was told, it did not find it by chance. A machine
    // that is too busy for that gets further tries.
    let tries = 1
    while (tries < 8 && (await serve()) >= 4_000) tries++
    expect(tries).toBeLessThan(8)
  })

  it('leaves partitions alone that it cannot serve', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    const foreign = { ...plainPartition(), arch: 'arm64' }
    const worker = makeWorker(address, { slots: 2 })
    await start(worker.consumer)
    await publisher.publish([...offers([foreign], 1), ...offers(many(1), 1)])
    await waitUntil('its own', () => worker.taken.length === 1)
    expect(await publisher.depths([partitionName(foreign)])).toEqual(
      new Map([[partitionName(foreign), 1]]),
    )
  })

  it('gives each offer to one of many workers', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    const done = Promise.resolve()
    const seen: number[] = []
    const workers = Array.from({ length: 3 }, () =>
      makeWorker(address, {
        slots: 3,
        onOffer: async (offer) => {
          seen.push(offer.stageId)
          return { kind: 'settled', done }
        },
      }),
    )
    for (const worker of workers) await start(worker.consumer)
    const published = offers(many(8), 50)
    await publisher.publish(published)
    await waitUntil('all', () => seen.length >= 400)
    expect(seen.toSorted((a, b) => a - b)).toEqual(published.map((o) => o.stageId))
  })

  it('takes by priority, and what has the same in order', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    const list = offers(many(1), 4).map((offer, i) => ({ ...offer, priority: [5, 1, 5, 3][i]! }))
    await publisher.publish(list)
    const worker = makeWorker(address, { slots: 4 })
    await start(worker.consumer)
    await waitUntil('all four', () => worker.taken.length === 4)
    const [a, b, c, d] = list.map((offer) => offer.stageId)
    expect(worker.taken.map((offer) => offer.stageId)).toEqual([b, d, a, c])
  })

  it('takes nothing while it is not ready, and soon after', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    let isReady = false
    const idle = makeWorker(address, { slots: 2, isReady: () => isReady })
    await start(idle.consumer)
    await publisher.publish(offers(many(1), 2))
    const other = makeWorker(address, { slots: 1 })
    await start(other.consumer)
    await waitUntil('the other worker to take one', () => other.taken.length === 1)
    expect(idle.taken).toHaveLength(0)
    isReady = true
    idle.consumer.wake()
    await waitUntil('the rest', () => idle.taken.length === 1)
  })

  it('puts an unanswered offer back when it stops, and another worker gets it', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    const asked: number[] = []
    const first = makeWorker(address, {
      slots: 2,
      onOffer: async (offer, signal) => {
        asked.push(offer.stageId)
        await once(signal, 'abort')
        return { kind: 'unanswered' }
      },
    })
    await start(first.consumer)
    const [offer] = offers(many(1), 1)
    await publisher.publish([offer!])
    await waitUntil('the offer to be asked about', () => asked.length === 1)
    await first.consumer.stop()
    expect(await publisher.depths([offer!.partition])).toEqual(new Map([[offer!.partition, 1]]))
    const second = makeWorker(address, { slots: 1 })
    await start(second.consumer)
    await waitUntil('the second to take it', () => second.taken.length === 1)
    expect(second.taken[0]?.stageId).toBe(offer!.stageId)
  })

  it('takes nothing else while an accept has no answer', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    let answer: () => void = () => undefined
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const asked: number[] = []
    const worker = makeWorker(address, {
      slots: 4,
      onOffer: async (offer, signal) => {
        asked.push(offer.stageId)
        await Promise.race([answered, once(signal, 'abort')])
        return { kind: 'settled', done: Promise.resolve() }
      },
    })
    await start(worker.consumer)
    await publisher.publish(offers(many(1), 1))
    await waitUntil('the first offer', () => asked.length === 1)
    const active = () => admin.llen(`${prefix}:${partitionName(many(1)[0]!)}:active`)
    // The accept counts as unanswered after a second; what comes later stays in the queue.
    await new Promise((resolve) => setTimeout(resolve, 1_300))
    await publisher.publish(offers(many(1), 3))
    const other = makeWorker(address, { slots: 3 })
    await start(other.consumer)
    await waitUntil('the other worker to have the rest', () => other.taken.length === 3)
    await waitUntil('one entry held', async () => (await active()) === 1)
    expect(asked).toHaveLength(1)
    answer()
    await waitUntil('nothing held', async () => (await active()) === 0)
  })

  it('keeps the lock of an entry while its accept is slow', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    // Lock 1 s, check every 500 ms; the accept takes three locks.
    const timers = scaledTimers(0.1)
    later(openStalledChecks({ redis: address, log: silentLogger, timers }))
    const asked: number[] = []
    const onOffer = async (offer: Offer) => {
      asked.push(offer.stageId)
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      return { kind: 'settled', done: Promise.resolve() } as const
    }
    const workers = [0, 1].map(() => makeWorker(address, { slots: 1, onOffer }, 0.1))
    for (const worker of workers) await start(worker.consumer)
    const [offer] = offers(many(1), 1)
    await publisher.publish([offer!])
    await waitUntil(
      'the end',
      async () => asked.length > 0 && (await publisher.missing([offer!])).length === 1,
    )
    expect(asked).toEqual([offer!.stageId])
  })

  it('removes entries that are not offers, and goes on', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    const [good] = offers(many(1), 1)
    const name = good!.partition
    const queue = `${prefix}:${name}`
    await publisher.publish([good!])
    const garbage: [string, Record<string, string>][] = [
      ['no-hash', {}],
      ['7-1', { data: 'not json', opts: '{}' }],
      ['8-1', { data: '{"stageId":9,"attempt":1}', opts: '{}' }],
      ['9-1', { data: '{"stageId":9,"attempt":1}', opts: '{{{' }],
      ['10-1', { data: `"${'x'.repeat(100_000)}"`, opts: '{}' }],
      [
        '11-1',
        { data: '{"stageId":"11","attempt":null}', opts: '[]', rjk: 'a:b:c', parentKey: 'x' },
      ],
    ]
    for (const [id, fields] of garbage) {
      if (Object.keys(fields).length > 0) await admin.hset(`${queue}:${id}`, fields)
      await admin.lpush(`${queue}:wait`, id)
    }
    await admin.hset(`${prefix}:partitions`, 'evil', '{"kind":1}', 'evil/2', 'nonsense')
    const worker = makeWorker(address, { slots: 1 })
    await start(worker.consumer)
    await waitUntil('the good one', () => worker.taken.length === 1)
    await waitUntil('an empty queue', async () => (await publisher.depths([name])).get(name) === 0)
    expect(worker.taken[0]?.stageId).toBe(good!.stageId)
    const left = await admin.keys(`${queue.replaceAll(/[{}[\]*?]/g, '?')}:*-*`)
    expect(left.filter((key) => !key.endsWith('stalled-check'))).toEqual([])
  })

  it('serves the others while one queue cannot be read, and that one when it can', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    const [bad, good] = many(2).map((attributes) => offers([attributes], 1)[0]!)
    await publisher.publish([bad!])
    await admin.set(`${prefix}:${bad!.partition}:wait`, 'not a list')
    const worker = makeWorker(address, { slots: 4 })
    await start(worker.consumer)
    await publisher.publish([good!])
    await waitUntil('the good one', () => worker.taken.length === 1)
    expect(worker.taken[0]?.stageId).toBe(good!.stageId)
    await admin.del(`${prefix}:${bad!.partition}:wait`)
    await waitUntil('the other one', () => worker.taken.length === 2)
  })

  it('goes on when its connections are killed again and again', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    const seen = new Set<number>()
    const worker = makeWorker(
      address,
      {
        slots: 4,
        onOffer: async (offer) => {
          seen.add(offer.stageId)
          return { kind: 'settled', done: Promise.resolve() }
        },
      },
      0.1,
    )
    later(openStalledChecks({ redis: address, log: silentLogger, timers: scaledTimers(0.1) }))
    await start(worker.consumer)
    const published = offers(many(4), 30)
    const kill = () => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    for (let at = 0; at < published.length; at += 10) {
      await waitUntil('the publisher to get through', async () => {
        await publisher.publish(published.slice(at, at + 10))
        return true
      })
      await kill()
    }
    // What was lost with a reply comes back by the stalled check.
    await waitUntil('all of them', () => seen.size === published.length)
  })

  it('gets everything after a restart of Redis', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    const worker = makeWorker(address, { slots: 2 })
    await start(worker.consumer)
    await publisher.publish(offers(many(2), 1))
    await waitUntil('two before', () => worker.taken.length === 2)
    const after = offers(many(2), 1)
    await publisher.publish(after)
    await server.crash()
    await expect(publisher.ping()).rejects.toMatchObject({ kind: 'unavailable' })
    await server.restart()
    worker.endAll()
    await waitUntil('two after', async () => {
      // A Redis that was syncing its file when it died lost what came meanwhile; the reconciler offers that again.
      await publisher.publish(after)
      return new Set(worker.taken.map((offer) => offer.stageId)).size === 4
    })
  })

  it('starts while Redis is away, and takes when it comes', async () => {
    const address = redis()
    await server.crash()
    const worker = makeWorker(address, { slots: 2 })
    await start(worker.consumer)
    const publisher = await publisherOf(address)
    await expect(publisher.publish(offers(many(1), 1))).rejects.toMatchObject({
      kind: 'unavailable',
    })
    await server.restart()
    await waitUntil('the publisher', async () => {
      await publisher.publish(offers(many(1), 1))
      return true
    })
    await waitUntil('the offer', () => worker.taken.length >= 1)
  })

  it('stops and closes promptly while Redis is away', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    const worker = makeWorker(address, { slots: 2 })
    await worker.consumer.start()
    await publisher.publish(offers(many(1), 1))
    await waitUntil('a stage', () => worker.taken.length === 1)
    await server.crash()
    await worker.consumer.close()
    await server.restart()
  })

  it('uses two connections, whatever the number of partitions', async () => {
    const address = redis()
    const publisher = await publisherOf(address)
    const workerId = randomUUID()
    const worker = makeWorker(address, { slots: 16, workerId })
    await start(worker.consumer)
    await publisher.publish(offers(many(16), 1))
    await waitUntil('all', () => worker.taken.length === 16)
    const connections = async () =>
      String(await admin.client('LIST'))
        .split('\n')
        .filter((line) => line.includes(`waggle:${workerId}`)).length
    await waitUntil('both', async () => (await connections()) === 2)
    worker.endAll()
    await publisher.publish(offers(many(16), 1))
    await waitUntil('all again', () => worker.taken.length === 32)
    expect(await connections()).toBe(2)
  })
})
