import type { StageStatus } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { type ResolvableStage, resolveStages } from './resolve-stages.ts'

/** `name: status < dependency, dependency ! on` where `!f` runs on failure too and `!F` on failure only. */
const build = (...lines: readonly string[]): readonly ResolvableStage[] =>
  lines.map((line, i) => {
    const [head = '', on = ''] = line.split('!').map((part) => part.trim())
    const [named = '', deps = ''] = head.split('<').map((part) => part.trim())
    const [name = '', status = ''] = named.split(':').map((part) => part.trim())
    return {
      id: i + 1,
      name,
      status: (status === 'waiting' ? 'waiting_on_dependencies' : status) as StageStatus,
      dependsOn: deps === '' ? [] : deps.split(',').map((dep) => dep.trim()),
      onSuccess: on !== 'F',
      onFailure: on !== '',
    }
  })

describe('what follows when a stage ended (scheduling §7)', () => {
  it.each([
    ['starts what waited', ['a: success', 'b: waiting < a'], [], [2]],
    ['waits for all dependencies', ['a: success', 'b: running', 'c: waiting < a, b'], [], []],
    [
      'starts all that waited for the same',
      ['a: success', 'b: waiting < a', 'c: waiting < a'],
      [],
      [2, 3],
    ],
    [
      'property 1: a failure in an unrelated branch skips, and runs what wants failures',
      ['x: failure', 'a: success', 'b: waiting < a', 'n: waiting < a !f'],
      [3],
      [4],
    ],
    [
      'property 2: skips nothing whose dependencies still run',
      ['x: failure', 'a: running', 'b: waiting < a'],
      [],
      [],
    ],
    [
      'property 3: skipping cascades in one pass',
      ['a: failure', 'b: waiting < a', 'c: waiting < b', 'd: waiting < c'],
      [2, 3, 4],
      [],
    ],
    [
      'property 3: the example of the chapter',
      ['a: failure', 'b: waiting < a', 'c: waiting < b', 'notify: waiting < c !f'],
      [2, 3],
      [4],
    ],
    [
      'property 4: a dependency skipped because it is for failures lets its dependents run',
      ['a: success', 'b: waiting < a !F', 'c: waiting < b'],
      [2],
      [3],
    ],
    ['property 4: skipped satisfies and is no failure', ['a: skipped', 'b: waiting < a'], [], [2]],
    [
      'property 4: declined satisfies and is no failure',
      ['a: declined', 'b: waiting < a'],
      [],
      [2],
    ],
    ['property 5: waits for a blocked dependency', ['a: blocked', 'b: waiting < a'], [], []],
    [
      'property 6: ignores a name that no stage has',
      ['a: success', 'b: waiting < a, zzz'],
      [],
      [2],
    ],
    ['a killed stage is a failure', ['a: killed', 'b: waiting < a'], [2], []],
    ['a stage in error is a failure', ['a: error', 'b: waiting < a !F'], [], [2]],
    ['leaves blocked stages alone', ['a: failure', 'b: blocked < a'], [], []],
    ['does not wake a waiting stage without dependencies', ['a: success', 'b: waiting'], [], []],
  ])('%s', (_, lines, skipped, pending) => {
    const changes = resolveStages(build(...lines))
    expect([changes.skipped, changes.pending]).toEqual([skipped, pending])
  })

  it('gives nothing new when asked again', () => {
    const stages = build('a: failure', 'b: waiting < a', 'n: waiting < b !f')
    const { skipped, pending } = resolveStages(stages)
    const stored = stages.map((stage) => ({
      ...stage,
      status: skipped.includes(stage.id)
        ? ('skipped' as const)
        : pending.includes(stage.id)
          ? ('pending' as const)
          : stage.status,
    }))
    expect(resolveStages(stored)).toEqual({ skipped: [], pending: [], completion: null })
  })

  it('does not depend on the order in which the stages are given', () => {
    const stages = build('a: failure', 'b: waiting < a', 'c: waiting < b')
    expect(resolveStages([...stages].reverse())).toEqual(resolveStages(stages))
  })
})

describe('when a build is complete (scheduling §8)', () => {
  it.each([
    ['all passed', ['a: success', 'b: success'], 'success'],
    ['the first failed stage decides, not the worst', ['a: failure', 'b: error'], 'failure'],
    ['the first failed stage decides', ['a: success', 'b: error', 'c: failure'], 'error'],
    ['a killed stage', ['a: killed', 'b: failure'], 'killed'],
    ['all skipped', ['a: skipped', 'b: skipped'], 'success'],
    ['one still pending', ['a: success', 'b: pending'], null],
    ['one still running', ['a: failure', 'b: running'], null],
    ['one that just became pending', ['a: success', 'b: waiting < a'], null],
    ['the last ones skipped by this very pass', ['a: failure', 'b: waiting < a'], 'failure'],
    ['one blocked', ['a: success', 'b: blocked'], null],
    ['one declined', ['a: success', 'b: declined'], null],
  ])('%s', (_, lines, completion) => {
    expect(resolveStages(build(...lines)).completion).toBe(completion)
  })
})
