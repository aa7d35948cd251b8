import { makeSpec } from '@waggle/testkit'
import { describe, expect, it } from 'vitest'
import { StageState } from './stage-state.ts'

const open = () =>
  new StageState(
    makeSpec([
      { name: 'a', image: 'alpine' },
      { name: 'skipped by when', runPolicy: 'never' },
      { name: 'b', errPolicy: 'ignore', dependsOn: ['a'] },
      { name: 'c', detach: true },
    ]).steps,
  )

describe('F54 the state of a stage', () => {
  it('has a record for every step that may run, numbered in list order', () => {
    expect(open().records()).toEqual([
      { number: 1, name: 'a', image: 'alpine', errIgnore: false, detached: false, dependsOn: [] },
      { number: 2, name: 'b', image: '', errIgnore: true, detached: false, dependsOn: ['a'] },
      { number: 3, name: 'c', image: '', errIgnore: false, detached: true, dependsOn: [] },
    ])
  })

  it('takes 78 as a success that remembers its code', () => {
    const state = open()
    state.start(1)
    expect(state.finish(1, 78)).toEqual({ number: 1, status: 'success', exitCode: 78, error: '' })
    expect(state.isFailed).toBe(false)
  })

  it('changes a step that is over by nothing but an internal error', () => {
    const state = open()
    state.start(1)
    state.finish(1, 0)
    expect(state.finish(1, 1)).toBeNull()
    expect(state.skip(1)).toBeNull()
    state.start(1)
    state.cancel()
    expect(state.statusOf(1)).toBe('success')
    expect(state.fail(1, 'no log').status).toBe('error')
  })

  it('is an error by a step that is ignored, but no failure by one', () => {
    const state = open()
    state.finish(2, 1)
    expect(state).toMatchObject({ status: 'running', isFailed: false })
    state.fail(2, 'no image')
    state.close()
    expect(state.result()).toMatchObject({ status: 'error', exitCode: 255, error: 'no image' })
  })

  it('ends in failure with exit code 0', () => {
    const state = open()
    state.start(1)
    state.finish(1, 9)
    state.close()
    expect(state.result()).toMatchObject({ status: 'failure', exitCode: 0, error: '' })
  })

  it('lets detached steps that run until the end succeed', () => {
    const state = open()
    state.start(3)
    state.close()
    expect(state.result()).toEqual({
      status: 'success',
      exitCode: 0,
      error: '',
      updates: [
        { number: 1, status: 'skipped', exitCode: 0, error: '' },
        { number: 2, status: 'skipped', exitCode: 0, error: '' },
        { number: 3, status: 'success', exitCode: 0, error: '' },
      ],
    })
  })

  it('kills what runs and skips what waits when it is cancelled', () => {
    const state = open()
    state.start(3)
    state.cancel()
    expect(state.result()).toMatchObject({ status: 'killed', exitCode: 137 })
    expect(state.snapshot().steps.map((step) => step.status)).toEqual([
      'skipped',
      'skipped',
      'killed',
    ])
  })

  it('takes a start back that was not granted', () => {
    const state = open()
    state.start(1)
    state.unstart(1)
    state.cancel()
    expect(state.statusOf(1)).toBe('skipped')
  })

  it('has no result while it runs', () => {
    expect(() => open().result()).toThrow('still runs')
  })
})

describe('F54 every transition of a step (pipeline.md §14.3)', () => {
  /** How a step gets into a state. */
  const into: Readonly<Record<string, (state: StageState) => void>> = {
    pending: () => undefined,
    running: (state) => state.start(1),
    success: (state) => state.finish(1, 0),
    failure: (state) => state.finish(1, 2),
    error: (state) => state.fail(1, 'before'),
    skipped: (state) => state.skip(1),
    killed: (state) => {
      state.start(1)
      state.cancel()
    },
  }
  const moves: Readonly<Record<string, (state: StageState) => void>> = {
    start: (state) => state.start(1),
    'finish 0': (state) => state.finish(1, 0),
    'finish 78': (state) => state.finish(1, 78),
    'finish 2': (state) => state.finish(1, 2),
    fail: (state) => state.fail(1, 'now'),
    skip: (state) => state.skip(1),
    cancel: (state) => state.cancel(),
  }
  const unchanged = { success: 0, failure: 2, killed: 137, skipped: 0, error: 255 } as const
  const columns = ['start', 'finish 0', 'finish 78', 'finish 2', 'fail', 'skip', 'cancel']
  /** Status and exit code after each move; `-` where nothing changes. */
  const table: Readonly<Record<string, readonly string[]>> = {
    pending: [
      ...['running 0', 'success 0', 'success 78', 'failure 2', 'error 255', 'skipped 0'],
      'skipped 0',
    ],
    running: ['-', 'success 0', 'success 78', 'failure 2', 'error 255', '-', 'killed 137'],
    success: ['-', '-', '-', '-', 'error 255', '-', '-'],
    failure: ['-', '-', '-', '-', 'error 255', '-', '-'],
    error: ['-', '-', '-', '-', 'error 255', '-', '-'],
    killed: ['-', '-', '-', '-', 'error 255', '-', '-'],
    skipped: ['-', '-', '-', '-', 'error 255', '-', '-'],
  }
  const cases = Object.entries(table).flatMap(([from, row]) =>
    row.map((to, index) => ({ from, move: columns[index] ?? '', to })),
  )

  it.each(cases)('$from: $move gives $to', ({ from, move, to }) => {
    const state = new StageState(makeSpec([{ name: 'a' }]).steps)
    into[from]?.(state)
    moves[move]?.(state)
    const { status, exitCode } = state.snapshot().steps[0]!
    const before = from === 'running' ? 'running 0' : `${from} ${unchanged[from as 'success']}`
    expect(`${status} ${exitCode}`).toBe(to === '-' ? before : to)
  })
})
