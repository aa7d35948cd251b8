import { type BuildChange, silentLogger } from '@waggle/domain'
import { describe, expect, it, vi } from 'vitest'
import { tellChange } from './tell-change.ts'

describe('tellChange', () => {
  it('makes one message of changes of a build that come together, the last of them', async () => {
    const published: BuildChange[] = []
    const signals = {
      publishChange: async (change: BuildChange) => {
        published.push(change)
      },
    }
    const deps = { signals: signals as never, log: silentLogger }
    tellChange(deps, { id: 1, repoId: 7, version: 3 })
    tellChange(deps, { buildId: 2, repoId: 7 })
    tellChange(deps, { id: 1, repoId: 7, version: 4 })
    expect(published).toEqual([])
    await vi.waitUntil(() => published.length === 2, 60_000)
    tellChange(deps, { id: 1, repoId: 7, version: 5 })
    await vi.waitUntil(() => published.length === 3, 60_000)
    expect(published).toEqual([
      { repoId: 7, buildId: 1, version: 4 },
      { repoId: 7, buildId: 2, version: 0 },
      { repoId: 7, buildId: 1, version: 5 },
    ])
  })
})
