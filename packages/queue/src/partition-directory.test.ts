import { type Partition, partitionName, silentLogger } from '@waggle/domain'
import { connectRedis, Redis } from '@waggle/redis'
import { plainPartition, startRedis, type TestRedis, waitUntil } from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PartitionDirectory } from './partition-directory.ts'
import { PartitionRegistry } from './partition-registry.ts'
import { queueKeys } from './queue-keys.ts'

const partition = (arch: string, group: string): Partition => ({
  ...plainPartition({ group }),
  arch,
})

describe('the directory of partitions', () => {
  let server: TestRedis
  let admin: Redis
  let redis: Redis
  let registry: PartitionRegistry
  let directory: PartitionDirectory
  let unsure = 0
  const prefix = '{dir}'
  const keys = queueKeys(prefix)

  beforeAll(async () => {
    server = await startRedis({ persistent: false })
    admin = new Redis(server.url)
  })
  beforeEach(async () => {
    await admin.flushall()
    unsure = 0
    redis = connectRedis({ redis: { url: server.url, prefix }, log: silentLogger }, 'test')
    await waitUntil('the connection', () => redis.status === 'ready')
    registry = new PartitionRegistry(admin, prefix)
    directory = new PartitionDirectory(redis, prefix, silentLogger, ({ arch }) => arch === 'amd64')
    directory.watch({
      onChange: () => undefined,
      onUnsure: () => {
        unsure++
      },
    })
    await waitUntil('it to watch', () => unsure === 1)
    await directory.refresh()
  })
  afterEach(() => redis.disconnect(false))
  afterAll(async () => {
    admin?.disconnect()
    await server?.stop()
  })

  const register = (...list: readonly Partition[]) =>
    registry.register(new Map(list.map((one) => [partitionName(one), one])))
  const groups = () =>
    [...directory.partitions.values()]
      .map(({ labels }) => labels['group'] ?? '')
      .toSorted((a, b) => a.localeCompare(b))
  const readings = async () =>
    Number(/cmdstat_hgetall:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0)

  it('follows what it is told, of those that it cares for, and reads nothing', async () => {
    const before = await readings()
    await register(partition('amd64', 'a'), partition('arm64', 'b'))
    await waitUntil('the first', () => groups().includes('a'))
    const { revision } = directory
    await register(partition('arm64', 'c'))
    await register(partition('amd64', 'd'), partition('amd64', 'a'))
    await waitUntil('the second', () => groups().includes('d'))
    expect(groups()).toEqual(['a', 'd'])
    expect(directory.revision).toBe(revision + 1)
    // It is of the version that Redis has, so there is nothing to read.
    await directory.refresh()
    expect(await readings()).toBe(before)
    expect(await registry.prune(0)).toHaveLength(4)
    await waitUntil('them to go', () => groups().length === 0)
    expect(unsure).toBe(1)
  })

  it('is unsure where a message is missing or is none, and right after it has read', async () => {
    await register(partition('amd64', 'a'))
    await waitUntil('the first', () => groups().includes('a'))
    for (const [index, text] of ['not json', '7', '{"from":"x","to":"y"}'].entries()) {
      await admin.publish(keys.partitionsChanged, text)
      await waitUntil('it to be unsure', () => unsure === index + 2)
    }
    // As if nobody had been told.
    const missed = partition('amd64', 'm')
    await admin.hset(keys.partitions, partitionName(missed), JSON.stringify(missed))
    await admin.set(keys.partitionsVersion, 'other')
    const { revision } = directory
    await Promise.all([directory.refresh(), directory.refresh()])
    expect(groups()).toEqual(['a', 'm'])
    expect(directory.revision).toBe(revision + 1)
    await register(partition('amd64', 'n'))
    await waitUntil('it to follow again', () => groups().includes('n'))
    expect(unsure).toBe(4)
  })

  it('leaves out what is not a partition, and one under the name of another', async () => {
    const [good, other] = [partition('amd64', 'good'), partition('amd64', 'other')]
    await register(good)
    await admin.hset(keys.partitions, {
      [partitionName(other)]: JSON.stringify(good),
      'a/b': 'not json',
      'c/d': '{"kind":1}',
    })
    await admin.set(keys.partitionsVersion, 'changed')
    await directory.refresh()
    expect(groups()).toEqual(['good'])
  })
})
