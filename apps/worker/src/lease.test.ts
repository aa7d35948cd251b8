import { describe, expect, it } from 'vitest'
import { HeldStages } from './held-stages.ts'
import { Lease } from './lease.ts'

const ref = { stageId: 7, attempt: 2 }

describe('Lease', () => {
  it('stops the steps but still speaks when it is cancelled', () => {
    const lease = new Lease(ref, 'token')
    lease.cancel()
    expect(lease.steps.aborted).toBe(true)
    expect(lease.calls.aborted).toBe(false)
    expect(lease.state).toBe('held')
    expect(lease.isCancelled).toBe(true)
  })

  it('stops steps and calls when it is lost, and stays lost', () => {
    const lease = new Lease(ref, 'token')
    lease.lose()
    lease.release()
    lease.cancel()
    expect(lease.state).toBe('lost')
    expect(lease.calls.aborted).toBe(true)
    expect(lease.steps.reason).toMatchObject({ kind: 'conflict', code: 'lease_lost' })
  })

  it('cannot be lost once it is released', () => {
    const lease = new Lease(ref, 'token')
    lease.release()
    lease.lose()
    expect(lease.state).toBe('released')
    expect(lease.calls.aborted).toBe(false)
  })

  it('counts as cancelled when a cancel comes while the worker stops', () => {
    const lease = new Lease(ref, 'token')
    lease.stop()
    lease.cancel()
    expect(lease.ending).toBe('cancelled')
  })
})

describe('HeldStages', () => {
  it('names what is held for renewal, without what is lost', async () => {
    const held = new HeldStages()
    const [kept, lost] = [new Lease(ref, 'a'), new Lease({ stageId: 8, attempt: 1 }, 'b')]
    held.add(kept)
    held.add(lost)
    lost.lose()
    expect(held.refs()).toEqual([ref])
    expect(held.count).toBe(2)
    let isEmpty = false
    const empty = held.empty().then(() => {
      isEmpty = true
    })
    held.delete(kept)
    await Promise.resolve()
    expect(isEmpty).toBe(false)
    held.delete(lost)
    await empty
    expect(isEmpty).toBe(true)
  })
})
