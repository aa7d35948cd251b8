import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type PublishedOffer, partitionName, scaledTimers, silentLogger } from '@waggle/domain'
import { openPublisher } from '@waggle/queue'
import { Redis } from '@waggle/redis'
import {
  type ChildServer,
  plainPartition,
  startChild,
  startRedis,
  type TestRedis,
  waitUntil,
} from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// What a worker sends is counted, not how long it takes: 200 workers, each of which can serve one of 1,000 partitions.
const workerCount = 200
const partitionCount = 1_000
const servedCount = 100
const perProcess = 50

let stage = 0
const offerOf = (group: string): PublishedOffer => {
  const attributes = plainPartition({ group })
  const name = partitionName(attributes)
  return { stageId: ++stage, attempt: 1, partition: name, attributes, priority: 10 }
}
const groups = (start: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${start}-${i}`)

interface Sent {
  readonly worker: string
  readonly command: string
  readonly keys: readonly string[]
}

describe('1,000 partitions and 200 workers', () => {
  let server: TestRedis
  let admin: Redis
  let monitor: Socket
  const prefix = '{scale}'
  const processes: ChildServer[] = []
  /** By address of the connection, its name. */
  const names = new Map<string, string>()
  let sent: Sent[] = []
  const publishers: { close(): Promise<void> }[] = []
  const publisherOf = async (idleMs: number) => {
    const timers = { ...scaledTimers(), partitionIdleMs: idleMs }
    const publisher = await openPublisher({
      redis: { url: server.url, prefix },
      log: silentLogger,
      timers,
    })
    publishers.push(publisher)
    return publisher
  }
  const groupOf = (index: number) => `served-${index % servedCount}`
  const markerOf = (worker: string) =>
    `${prefix}:${partitionName(plainPartition({ group: groupOf(Number(worker.slice(1))) }))}:marker`
  /** Who is who among the connections; none of them is made anew meanwhile. */
  const readNames = async () => {
    names.clear()
    for (const line of String(await admin.client('LIST')).split('\n')) {
      const [, address, name] = / addr=(\S+) .* name=waggle:(\S+)/.exec(line) ?? []
      if (address && name?.startsWith('w')) names.set(address, name)
    }
  }
  const rounds = () => {
    const counts = new Map<string, number>()
    for (const { worker, command } of sent)
      if (command === 'bzpopmin') counts.set(worker, (counts.get(worker) ?? 0) + 1)
    return counts
  }

  beforeAll(async () => {
    server = await startRedis()
    admin = new Redis(server.url)
    const publisher = await publisherOf(600_000)
    await untilTold(() =>
      publisher.publish(groups('foreign', partitionCount - servedCount).map(offerOf)),
    )
    const served = groups('served', servedCount).map(offerOf)
    await untilTold(() => publisher.publish(served))
    await untilTold(() => publisher.withdraw(served))
    for (let first = 0; first < workerCount; first += perProcess)
      processes.push(
        startChild(process.execPath, [join(import.meta.dirname, 'partition-workers.ts')], {
          env: {
            ...process.env,
            REDIS_URL: server.url,
            REDIS_PREFIX: prefix,
            FIRST: String(first),
            COUNT: String(perProcess),
            GROUPS: String(servedCount),
          },
        }),
      )
    monitor = startMonitor(server.url, (source, [command = '', ...rest]) => {
      const [worker] = names.get(source)?.split(':') ?? []
      if (worker === undefined) return
      const keys = rest.filter((word) => word.startsWith(`${prefix}:`))
      sent.push({ worker, command: command.toLowerCase(), keys })
    })
    await waitUntil('all connections', async () => {
      await readNames()
      return names.size === 2 * workerCount
    })
    // For a stage of its own: before it read the registry, which a busy machine may delay, a worker waits for its bell.
    const isReady = ({ worker, command, keys }: Sent) =>
      command === 'bzpopmin' && keys.includes(markerOf(worker))
    await waitUntil(
      'all to wait for stages',
      () => new Set(sent.filter(isReady).map(({ worker }) => worker)).size === workerCount,
      60_000,
    )
  })
  afterAll(async () => {
    monitor?.destroy()
    for (const child of processes) child.kill('SIGKILL')
    await Promise.all(processes.map((child) => child.exited))
    await Promise.all(publishers.map((publisher) => publisher.close()))
    admin?.disconnect()
    await server?.stop()
  })

  const allowed = (worker: string): readonly string[] => {
    const name = partitionName(plainPartition({ group: groupOf(Number(worker.slice(1))) }))
    const parts = ['wait', 'prioritized', 'delayed', 'marker']
    const own = parts.map((part) => `${prefix}:${name}:${part}`)
    return [...own, `${prefix}:bell:${worker}`, `${prefix}:partitions:version`]
  }

  it('an idle worker names no partition but its own, three commands in a round of five seconds', async () => {
    sent = []
    await waitUntil(
      'a round of each',
      () => rounds().size === workerCount && [...rounds().values()].every((count) => count >= 2),
      110_000,
    )
    const strangers = sent.filter(({ worker, keys }) => {
      const own = allowed(worker)
      return keys.some((key) => !own.includes(key))
    })
    expect(strangers).toEqual([])
    const waits = sent.filter(({ command }) => command === 'bzpopmin').length
    // The version of the registry, the sweep, the wait; a round may have begun before the count did.
    expect(sent.length).toBeLessThanOrEqual(3 * waits + 2 * workerCount)
  })

  it('partitions that others serve appear and vanish without one command of a worker', async () => {
    const short = await publisherOf(300)
    sent = []
    const passing = groups('passing', 200).map(offerOf)
    for (let at = 0; at < passing.length; at += 20) {
      await untilTold(() => short.publish(passing.slice(at, at + 20)))
      await untilTold(() => short.withdraw(passing.slice(at, at + 20)))
    }
    await waitUntil('them to go', async () =>
      (await admin.hkeys(`${prefix}:partitions`)).every((name) => !name.includes('passing')),
    )
    // Both were told before: each worker has read what came before its answer here.
    const end = new Map<string, number>()
    await waitUntil('a round of each', () => {
      for (const [worker, count] of rounds()) end.set(worker, count)
      return end.size === workerCount
    })
    expect(sent.filter(({ command }) => command === 'hgetall')).toEqual([])
    expect(sent.filter(({ command }) => command === 'zadd')).toEqual([])
    expect(sent.filter(({ keys }) => keys.some((key) => key.includes('passing')))).toEqual([])
    await short.close()
  })

  it('a stage wakes the workers of its partition and nobody else', async () => {
    const publisher = await publisherOf(600_000)
    // It may have gone with the idle ones of the test before.
    const offers = Array.from({ length: 20 }, () => offerOf('served-7'))
    sent = []
    await untilTold(() => publisher.publish(offers))
    const name = offers[0]?.partition ?? ''
    await waitUntil('all to be taken', async () => {
      return (await publisher.depths([name])).get(name) === 0
    })
    const those = sent.filter(({ keys }) => keys.some((key) => key.includes(`:${name}:`)))
    const workers = new Set(those.map(({ worker }) => worker))
    for (const worker of workers) expect(groupOf(Number(worker.slice(1)))).toBe('served-7')
    expect(sent.filter(({ command }) => command === 'hgetall')).toEqual([])
  })
})

/** As the outbox does: again until Redis answered, which on a busy machine may take longer than the publisher waits. */
const untilTold = (work: () => Promise<unknown>): Promise<unknown> =>
  waitUntil('redis to be told', () => work().then(() => true))

/** Every command that the server is sent, with the address that it comes from. (The client library does not understand
 *  MONITOR's lines.) */
const startMonitor = (
  url: string,
  onCommand: (source: string, words: readonly string[]) => void,
): Socket => {
  const { hostname, port } = new URL(url)
  const socket = createConnection(Number(port), hostname)
  socket.write('MONITOR\r\n')
  createInterface({ input: socket }).on('line', (line) => {
    const [, source] = /^\+[\d.]+ \[\d+ ([^\]]+)\]/.exec(line) ?? []
    if (source === undefined || source === 'lua') return
    const words = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => word)
    onCommand(source, words)
  })
  return socket
}
