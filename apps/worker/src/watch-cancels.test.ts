import { silentLogger, systemClock } from '@waggle/domain'
import { openSignals } from '@waggle/queue'
import { startRedis, type TestRedis, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHeartbeat } from './heartbeat.ts'
import { HeldStages } from './held-stages.ts'
import { Lease } from './lease.ts'
import { watchCancels } from './watch-cancels.ts'

let redis: TestRedis

describe('watchCancels', () => {
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  it('ends a stage only where the API confirms what Redis said', async () => {
    const signals = await openSignals({
      redis: { url: redis.url, prefix: '{test}' },
      log: silentLogger,
    })
    const held = new HeldStages()
    const lease = new Lease({ stageId: 7, attempt: 1 }, 'token')
    held.add(lease)
    let isCancelled = false
    let beats = 0
    const heartbeat = startHeartbeat({
      held,
      everyMs: 3_600_000,
      clock: systemClock,
      log: silentLogger,
      send: async () => {
        beats++
        return { cancelled: isCancelled ? [lease.ref] : [], lost: [], isDraining: false }
      },
    })
    const unwatch = await watchCancels({ signals, workerId: 'bee', held, heartbeat })
    let heard = 0
    // Told after the one above.
    await signals.watchCancels('bee', { onCancel: () => heard++, onGap: () => undefined })
    await signals.notifyCancel('bee', lease.ref)
    await waitUntil('the message to be heard', () => heard === 1)
    await waitUntil('the API to be asked', () => beats > 0)
    expect(lease.ending).toBe('')
    isCancelled = true
    await signals.notifyCancel('bee', lease.ref)
    await waitUntil('the stage to be ended', () => lease.isCancelled)
    await unwatch()
    await heartbeat.stop()
    await signals.close()
  })
})
