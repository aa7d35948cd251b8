import { type Build, type BuildStatus, makeHook } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { commitStatusOf } from './commit-status.ts'

const build = (more: Partial<Build> = {}): Build => ({
  ...makeHook({ event: 'push', after: 'b'.repeat(40), target: 'main' }),
  ...{ id: 1, repoId: 1, number: 7, status: 'pending', error: '', sourceRepo: '', cloneUrl: '' },
  ...{ startedAt: 0, finishedAt: 0, createdAt: 1, updatedAt: 1, version: 1 },
  ...more,
})
const at = { slug: 'octo/hello', link: 'https://ci.test', name: 'ci', isBlocked: false }

describe('what a build says of its commit (scheduling.md §14.1)', () => {
  it('names commit, check, title, link and place', () => {
    expect(commitStatusOf(build({ deployTo: 'prod', deployId: 3, event: 'rollback' }), at)).toEqual(
      {
        commit: 'b'.repeat(40),
        context: 'ci',
        title: 'Build #7',
        description: 'Build is pending',
        state: 'pending',
        link: 'https://ci.test/octo/hello/7',
        isOver: false,
        deployId: 3,
        environment: 'prod',
      },
    )
    expect(commitStatusOf(build({ finishedAt: 5 }), at)).toMatchObject({
      isOver: true,
      environment: 'main',
    })
  })

  const words: Record<BuildStatus, readonly [string, string]> = {
    pending: ['Build is pending', 'pending'],
    running: ['Build is running', 'running'],
    success: ['Build is passing', 'success'],
    failure: ['Build is failing', 'failure'],
    error: ['Build encountered an error', 'error'],
    killed: ['Build was killed', 'cancelled'],
    declined: ['Build was declined', 'cancelled'],
    skipped: ['Build was skipped', 'unknown'],
  }
  it.each(Object.entries(words))('%s', (status, [description, state]) => {
    expect(commitStatusOf(build({ status: status as BuildStatus }), at)).toMatchObject({
      description,
      state,
    })
  })

  it('says that it waits for an approval, until it does not', () => {
    const locked = { ...at, isBlocked: true }
    const description = 'Build is pending approval'
    expect(commitStatusOf(build(), locked)).toMatchObject({ description, state: 'pending' })
    expect(commitStatusOf(build({ status: 'declined' }), locked)?.description).toBe(
      'Build was declined',
    )
  })

  it.each([
    [{ event: 'push' }, 'ci/push'],
    [{ event: 'pull_request' }, 'ci/pr'],
    [{ event: 'tag' }, 'ci/tag'],
    [{ event: 'promote', deployTo: 'Prod EU/1' }, 'ci/promote/prod-eu-1'],
    [{ event: 'promote' }, 'ci'],
    [{ event: 'rollback', deployTo: 'prod' }, 'ci'],
    [{ event: 'custom' }, 'ci'],
  ] as const)('%j is the check %s', (more, context) => {
    expect(commitStatusOf(build(more), at)?.context).toBe(context)
  })

  it('says nothing of crons, nor without a commit', () => {
    expect(commitStatusOf(build({ event: 'cron' }), at)).toBeNull()
    for (const after of ['', 'main', '../..', 'B'.repeat(40), 'b'.repeat(41)])
      expect(commitStatusOf(build({ after }), at)).toBeNull()
    expect(commitStatusOf(build({ after: 'b'.repeat(64) }), at)).not.toBeNull()
  })
})
