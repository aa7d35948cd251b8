import type { StageStatus } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { stagesToRerun } from './keep-passed.ts'

const stage = (number: number, name: string, status: StageStatus, ...dependsOn: string[]) => ({
  number,
  name,
  status,
  dependsOn,
})

describe('stagesToRerun', () => {
  it('leaves out what passed', () => {
    expect([...stagesToRerun([stage(1, 'a', 'success'), stage(2, 'b', 'success', 'a')])]).toEqual(
      [],
    )
  })

  it.each<StageStatus>(['failure', 'error', 'killed', 'skipped', 'declined'])(
    'takes what ended in %s',
    (status) => {
      expect([...stagesToRerun([stage(1, 'a', 'success'), stage(2, 'b', status)])]).toEqual([2])
    },
  )

  it('takes all that depends on it, however far, in whatever order they come', () => {
    const stages = [
      stage(5, 'e', 'success', 'a'),
      stage(4, 'd', 'success', 'c'),
      stage(3, 'c', 'success', 'b'),
      stage(2, 'b', 'failure', 'a'),
      stage(1, 'a', 'success'),
    ]
    expect([...stagesToRerun(stages)]).toEqual([2, 3, 4])
  })
})
