import { type Offer, silentLogger, systemClock } from '@waggle/domain'
import { openSignals } from '@waggle/queue'
import { startRedis, type TestRedis, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTakeByPoll } from './take-by-poll.ts'

let server: TestRedis
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.stop())

it.each(['is killed', 'does not answer'])(
  'asks the API soon after Redis %s, and no more once it is back',
  async (how) => {
    const signals = await openSignals({
      redis: { url: server.url, prefix: '{s}' },
      log: silentLogger,
    })
    await waitUntil('Redis', () => signals.isAnswered())
    let asked = 0
    const taken: Offer[] = []
    const poll = startTakeByPoll({
      api: {
        take: async () => ({ stageId: ++asked, attempt: 1, partition: 'p' }),
      },
      isRedisUp: () => signals.isAnswered(),
      everyMs: 2_500,
      isReady: () => true,
      take: async (offer) => {
        taken.push(offer)
        await systemClock.sleep(100, new AbortController().signal)
        return { kind: 'settled', done: Promise.resolve() }
      },
      clock: systemClock,
      log: silentLogger,
    })
    if (how === 'is killed') await server.crash()
    else server.freeze()
    await waitUntil('an offer', () => taken.length > 0)
    if (how === 'is killed') await server.restart()
    else server.thaw()
    await waitUntil('Redis', () => signals.isAnswered())
    let before = -1
    await waitUntil(
      'no more questions',
      () => {
        const isQuiet = asked === before
        before = asked
        return isQuiet
      },
      60_000,
      500,
    )
    await poll.stop()
    expect(taken).toHaveLength(asked)
    await signals.close()
  },
)
