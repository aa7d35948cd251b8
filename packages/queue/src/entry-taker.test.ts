import { silentLogger } from '@waggle/domain'
import { connectRedis } from '@waggle/redis'
import { startRedis, type TestRedis } from '@waggle/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bullOptions, openBackend } from './bullmq-backend.ts'
import { EntryTaker } from './entry-taker.ts'
import { PartitionProbe } from './partition-probe.ts'
import { QuietRedis } from './quiet-redis.ts'
import { Slots } from './slots.ts'

let server: TestRedis
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.stop())

it('keeps no slot of a queue that cannot be opened', async () => {
  const prefix = '{t}'
  const log = silentLogger
  const redis = connectRedis({ redis: { url: server.url, prefix }, log }, 'test', {
    enableOfflineQueue: true,
  })
  const bull = bullOptions(redis, { prefix })
  const slots = new Slots(1, () => undefined)
  const rested: string[] = []
  const taker = new EntryTaker({
    workerId: 'w',
    onOffer: async () => ({ kind: 'unanswered' }),
    quiet: new QuietRedis(redis, log),
    bull,
    root: openBackend(bull, () => undefined),
    probe: new PartitionProbe(redis, prefix),
    partitions: { rest: (name) => rested.push(name), rouse: () => undefined },
    slots,
    log,
    signal: new AbortController().signal,
  })
  // BullMQ refuses such a name.
  taker.take('a:b', false)
  await taker.settled()
  expect([slots.hasRoom, rested]).toEqual([true, ['a:b']])
  await taker.close()
  redis.disconnect()
})
