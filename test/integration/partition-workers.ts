import { scaledTimers, silentLogger } from '@waggle/domain'
import { openConsumer } from '@waggle/queue'
import { plainProfile } from '@waggle/testkit'

/** Consumers of a number of workers in one process: each serves one group of stages, and whatever it takes ends at
 *  once. */
const number = (name: string): number => Number(process.env[name])

const first = number('FIRST')
for (let index = first; index < first + number('COUNT'); index++) {
  const consumer = openConsumer({
    redis: { url: process.env['REDIS_URL'] ?? '', prefix: process.env['REDIS_PREFIX'] ?? '' },
    log: silentLogger,
    timers: scaledTimers(),
    workerId: `w${index}`,
    profile: plainProfile({ group: `served-${index % number('GROUPS')}` }),
    slots: 2,
    onOffer: async () => ({ kind: 'settled', done: Promise.resolve() }),
  })
  await consumer.start()
}
