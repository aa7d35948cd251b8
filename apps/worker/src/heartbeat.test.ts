import { type AttemptRef, silentLogger, systemClock } from '@waggle/domain'
import { waitUntil } from '@waggle/testkit'
import { describe, expect, it } from 'vitest'
import { startHeartbeat } from './heartbeat.ts'
import { HeldStages } from './held-stages.ts'
import { Lease } from './lease.ts'

const hold = (held: HeldStages, stageId: number): Lease => {
  const lease = new Lease({ stageId, attempt: 1 }, 'token')
  held.add(lease)
  return lease
}

const nothing = { cancelled: [], lost: [], isDraining: false }

describe('startHeartbeat', () => {
  it('names what is held, ends what was cancelled or lost, and leaves the rest', async () => {
    const held = new HeldStages()
    const [kept, ended, gone] = [hold(held, 1), hold(held, 2), hold(held, 3)]
    const named: (readonly AttemptRef[])[] = []
    const heartbeat = startHeartbeat({
      held,
      everyMs: 20,
      clock: systemClock,
      log: silentLogger,
      send: async (attempts) => {
        named.push(attempts)
        return { ...nothing, cancelled: [ended.ref, { stageId: 99, attempt: 1 }], lost: [gone.ref] }
      },
    })
    await waitUntil('two beats', () => named.length >= 2)
    await heartbeat.stop()
    expect(named[0]).toEqual([kept.ref, ended.ref, gone.ref])
    // What is lost is not renewed any more.
    expect(named[1]).toEqual([kept.ref, ended.ref])
    expect([kept.steps.aborted, ended.isCancelled, gone.state]).toEqual([false, true, 'lost'])
  })

  it('beats at once when something may have been missed', async () => {
    let beats = 0
    const heartbeat = startHeartbeat({
      held: new HeldStages(),
      everyMs: 3_600_000,
      clock: systemClock,
      log: silentLogger,
      send: async () => {
        beats++
        return { ...nothing, isDraining: true }
      },
    })
    await waitUntil('the first sleep', () => beats === 0)
    heartbeat.beat()
    await waitUntil('the beat', () => beats === 1 && heartbeat.isDraining)
    await heartbeat.stop()
  })

  it('beats again where something was missed while a beat was under way', async () => {
    const first = Promise.withResolvers<typeof nothing>()
    let beats = 0
    const heartbeat = startHeartbeat({
      held: new HeldStages(),
      everyMs: 3_600_000,
      clock: systemClock,
      log: silentLogger,
      send: async () => (++beats === 1 ? first.promise : nothing),
    })
    heartbeat.beat()
    await waitUntil('the first beat', () => beats === 1)
    heartbeat.beat()
    first.resolve(nothing)
    await waitUntil('the second beat', () => beats === 2)
    await heartbeat.stop()
  })

  it('keeps every lease while there is no answer', async () => {
    const held = new HeldStages()
    const lease = hold(held, 1)
    let beats = 0
    const heartbeat = startHeartbeat({
      held,
      everyMs: 10,
      clock: systemClock,
      log: silentLogger,
      send: async () => {
        beats++
        if (beats < 3) throw new Error('away')
        return nothing
      },
    })
    await waitUntil('failures to be noticed', () => !heartbeat.isAnswered)
    await waitUntil('answers again', () => heartbeat.isAnswered)
    await heartbeat.stop()
    expect(lease.state).toBe('held')
    expect(lease.steps.aborted).toBe(false)
  })
})
