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

describe('the state of a stage', () => {
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
