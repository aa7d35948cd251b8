import { describe, expect, it } from 'vitest'
import { deletesAnything, retentionOf } from './retention-of.ts'

const server = { buildDays: 30, buildCount: 100, logDays: 0 }

describe('what a repository keeps', () => {
  it('is what the server says where the repository says nothing', () => {
    const none = { buildDays: null, buildCount: null, logDays: null }
    expect(retentionOf(none, server)).toEqual(server)
  })

  it('is what the repository says, also that something is kept for ever', () => {
    const own = { buildDays: 0, buildCount: null, logDays: 7 }
    expect(retentionOf(own, server)).toEqual({ buildDays: 0, buildCount: 100, logDays: 7 })
  })

  it('is everything while no rule says otherwise', () => {
    const nothing = { buildDays: 0, buildCount: 0, logDays: 0 }
    expect(deletesAnything(nothing)).toBe(false)
    for (const key of ['buildDays', 'buildCount', 'logDays'] as const)
      expect(deletesAnything({ ...nothing, [key]: 1 })).toBe(true)
  })
})
