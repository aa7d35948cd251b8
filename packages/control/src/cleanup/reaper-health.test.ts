import { scaledTimers } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { isMassLoss, lateLimitMs, ReaperHealth, suspectLimits } from './reaper-health.ts'

describe('health of the reaper', () => {
  it('expires nothing until it was healthy for the grace', () => {
    let now = 1_000
    const health = new ReaperHealth({ monotonic: () => now }, 90_000)
    expect(health.mayExpire).toBe(false)
    now += 89_999
    expect(health.mayExpire).toBe(false)
    now += 1
    expect(health.mayExpire).toBe(true)
    health.reset()
    expect(health.mayExpire).toBe(false)
    now += 90_000
    expect(health.mayExpire).toBe(true)
  })

  it('takes twice the interval for late', () => {
    expect(lateLimitMs(scaledTimers())).toBe(10_000)
    expect(lateLimitMs(scaledTimers(0.1))).toBe(1_500)
  })

  it('suspects a worker two heartbeats before its limit', () => {
    expect(suspectLimits(scaledTimers())).toEqual({ requeueMs: 20_000, lostMs: 80_000 })
    expect(suspectLimits({ heartbeatMs: 5_000, requeueMs: 300, lostMs: 700 })).toEqual({
      requeueMs: 150,
      lostMs: 550,
    })
  })

  it.each([
    [1, 1, false],
    [2, 2, false],
    [3, 3, true],
    [3, 9, true],
    [3, 10, false],
    [4, 10, true],
    [30, 100, false],
    [31, 100, true],
    [0, 0, false],
  ])('with %i of %i workers silent the breaker is open: %s', (silent, holders, open) => {
    expect(isMassLoss(silent, holders)).toBe(open)
  })
})
