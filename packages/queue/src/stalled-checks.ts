import type { Timers } from '@waggle/domain'
import { ask, connectRedis, type RedisDeps } from '@waggle/redis'
import { bullOptions, openBackend } from './bullmq-backend.ts'
import { PartitionDirectory } from './partition-directory.ts'
import { PartitionProbe } from './partition-probe.ts'

export interface StalledChecksOptions extends RedisDeps {
  readonly timers: Pick<Timers, 'queueStalledMs'>
}

export interface StalledChecks {
  close(): Promise<void>
}

/** BullMQ's stalled check for every registered partition, on one connection. In the API: in the workers it cost 160 of
 *  180 idle commands a second (measured.md §1). Any number of processes may run it: BullMQ's own key lets one check per
 *  partition and interval through. */
export const openStalledChecks = (options: StalledChecksOptions): StalledChecks => {
  const { log, redis: address, timers } = options
  const redis = connectRedis(options, 'stalled-checks')
  const bull = bullOptions(redis, {
    prefix: address.prefix,
    // A little less than our own interval: a key that just still lives would skip every second round.
    stalledMs: Math.max(10, Math.floor(timers.queueStalledMs * 0.9)),
  })
  const root = openBackend(bull, (err) => log.debug('stalled check connection error', { err }))
  const directory = new PartitionDirectory(redis, address.prefix, log)
  const probe = new PartitionProbe(redis, address.prefix)

  const check = async () => {
    await ask(redis, () => directory.refresh())
    const names = [...directory.partitions.keys()]
    // Only those with fetched entries: an entry lives there for one round trip, so most have none.
    for (const name of await ask(redis, () => probe.withActive(names))) {
      const stalled = await ask(redis, () =>
        root.forQueue(name, address.prefix).moveStalledJobsToWait(),
      )
      if (stalled.length > 0)
        log.warn('offers of lost workers put back', { partition: name, count: stalled.length })
    }
  }

  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  const round = async (): Promise<void> => {
    try {
      await check()
    } catch (err) {
      log.debug('stalled check failed', { err })
    }
    if (!isClosed) timer = setTimeout(start, timers.queueStalledMs)
  }
  const start = () => {
    running = round()
  }
  let running = round()

  return {
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      await running
      await root.close(true)
      redis.disconnect(false)
    },
  }
}
