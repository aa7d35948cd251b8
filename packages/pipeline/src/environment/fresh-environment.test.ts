import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Given, StepStatus } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { freshEnvironment } from './fresh-environment.ts'

const file = join(import.meta.dirname, '../../testdata/given.json')
const sample = JSON.parse(readFileSync(file, 'utf8')) as Given

type Step = readonly [name: string, status: StepStatus, errIgnore?: boolean]

const fresh = (
  stageStatus: string,
  steps: readonly Step[],
  { buildStatus = 'running', siblings = [] as Given['siblings'] } = {},
) => {
  const given = { ...sample, build: { ...sample.build, status: buildStatus }, siblings } as Given
  const all = freshEnvironment(given, {
    step: { name: 'notify', number: 4 },
    stage: {
      status: stageStatus,
      steps: steps.map(([name, status, errIgnore = false]) => ({ name, status, errIgnore })),
    },
    stageStartedAt: 3_000,
    nowMs: 9_000,
  })
  const { CI_BUILD_STATUS, DRONE_BUILD_STATUS, DRONE_STAGE_STATUS } = all
  const { DRONE_FAILED_STEPS, DRONE_FAILED_STAGES } = all
  return [
    CI_BUILD_STATUS,
    DRONE_BUILD_STATUS,
    DRONE_STAGE_STATUS,
    DRONE_FAILED_STEPS,
    DRONE_FAILED_STAGES,
  ]
}

const failed: Given['siblings'] = [
  { name: 'lint', number: 1, status: 'failure' },
  { name: 'unit', number: 2, status: 'error' },
  { name: 'e2e', number: 3, status: 'killed' },
  ...(
    [
      'success',
      'skipped',
      'pending',
      'running',
      'waiting_on_dependencies',
      'blocked',
      'declined',
    ] as const
  ).map((status, index) => ({ name: status, number: 4 + index, status })),
]

/** environment.md §13, §17; pipeline.md §14.3. */
describe('what a step is told of what failed', () => {
  it.each<[string, string, readonly Step[], (string | undefined)[]]>([
    [
      'nothing has failed',
      'running',
      [
        ['a', 'success'],
        ['b', 'running'],
        ['c', 'pending'],
      ],
      ['running', 'success', 'success', undefined, undefined],
    ],
    [
      'one step has',
      'failure',
      [
        ['a', 'success'],
        ['b', 'failure'],
      ],
      ['failure', 'failure', 'failure', 'b', ''],
    ],
    [
      'several have, in their order',
      'failure',
      [
        ['z', 'failure'],
        ['a', 'failure'],
        ['m', 'error'],
      ],
      ['failure', 'failure', 'failure', 'z,a,m', ''],
    ],
    ['one could not run', 'error', [['a', 'error']], ['error', 'failure', 'failure', 'a', '']],
    ['one was killed', 'killed', [['a', 'killed']], ['killed', 'failure', 'failure', 'a', '']],
    [
      'an ignored step has failed',
      'running',
      [['a', 'failure', true]],
      ['running', 'success', 'success', undefined, undefined],
    ],
    [
      'an ignored step could not run',
      'error',
      [['a', 'error', true]],
      ['error', 'failure', 'failure', 'a', ''],
    ],
    [
      'one was skipped',
      'running',
      [['a', 'skipped']],
      ['running', 'success', 'success', undefined, undefined],
    ],
  ])('%s', (_, status, steps, expected) => {
    expect(fresh(status, steps)).toEqual(expected)
  })

  it('the status of the build is the one it was handed out with, until its stage fails', () => {
    expect(fresh('running', [], { buildStatus: 'pending' })[0]).toBe('pending')
    expect(fresh('failure', [['a', 'failure']], { buildStatus: 'pending' })[0]).toBe('failure')
  })

  it('stages that failed before the hand-out are named in their order, others never count', () => {
    expect(fresh('running', [], { siblings: failed })).toEqual([
      'running',
      'failure',
      'success',
      undefined,
      'lint,unit,e2e',
    ])
    expect(fresh('running', [], { siblings: failed.slice(3) })).toEqual([
      'running',
      'success',
      'success',
      undefined,
      undefined,
    ])
  })
})
