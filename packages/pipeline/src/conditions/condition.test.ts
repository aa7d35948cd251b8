import { describe, expect, it } from 'vitest'
import {
  type Condition,
  type Conditions,
  conditionNames,
  firstUnmet,
  noCondition,
  runPolicyOf,
  stageFlags,
} from './condition.ts'

const include = (...words: string[]): Condition => ({ include: words, exclude: [] })
const exclude = (...words: string[]): Condition => ({ include: [], exclude: words })

describe('runPolicyOf', () => {
  it.each<[Condition, string]>([
    [include(), 'on-success'],
    [include('success'), 'on-success'],
    [include('failure'), 'on-failure'],
    [include('success', 'failure'), 'always'],
    [include('*'), 'always'],
    [exclude('success'), 'on-failure'],
    [exclude('failure'), 'on-success'],
    [include('changed'), 'on-success'],
    [include('killed'), 'on-success'],
  ])('%j is %s', (status, policy) => {
    expect(runPolicyOf(status)).toBe(policy)
  })
})

describe('stageFlags', () => {
  it('has no fall-back: a word that is neither stops both', () => {
    expect(stageFlags(include('changed'))).toEqual({ onSuccess: false, onFailure: false })
    expect(stageFlags(include())).toEqual({ onSuccess: true, onFailure: false })
  })
})

const conditions = (given: Partial<Conditions>): Conditions => ({
  ...(Object.fromEntries(conditionNames.map((name) => [name, noCondition])) as Conditions),
  ...given,
})

const why = (branch: Condition, value: string): string | null =>
  firstUnmet(conditions({ branch }), { branch: value }, 'when')?.reason ?? null

describe('firstUnmet', () => {
  it('lets exclude beat include', () => {
    const condition = { include: ['feat/*'], exclude: ['feat/wip*'] }
    expect(why(condition, 'feat/a')).toBeNull()
    expect(why(condition, 'feat/wip-a')).toBe('when.branch: feat/wip-a is excluded by feat/wip*')
    expect(why(condition, 'main')).toBe('when.branch: main is not in [feat/*]')
  })

  it('ignores a malformed pattern', () => {
    expect(why(exclude('['), '[')).toBeNull()
  })

  it('compares an empty value like any other, and does not look at one that is not known', () => {
    const both = conditions({ cron: include('nightly'), branch: exclude('') })
    expect(firstUnmet(both, { branch: 'main', cron: '' }, 'trigger')).toEqual({
      rule: 'trigger.cron',
      reason: 'trigger.cron: (empty) is not in [nightly]',
    })
    expect(firstUnmet(both, { branch: '' }, 'trigger')?.rule).toBe('trigger.branch')
    expect(firstUnmet(both, {}, 'trigger')).toBeNull()
  })

  it('says why in few words, however long the lists', () => {
    const reason = why(include(...Array.from({ length: 500 }, () => 'long')), 'x'.repeat(5_000))
    expect(reason?.length).toBeLessThan(700)
  })

  it('gives up on patterns that cost too much, and says so', () => {
    const patterns = Array.from({ length: 2_000 }, () => `${'*a'.repeat(200)}b`)
    expect(why(include(...patterns), 'a'.repeat(500))).toBe(
      'when.branch: its patterns cost too much to match',
    )
  })
})

describe('paths', () => {
  it.each<[Condition, readonly string[] | undefined, string | null]>([
    [include('docs/**'), ['docs/a.md', 'src/b.ts'], null],
    [include('docs/**'), ['src/b.ts'], 'none of 1 changed files is in [docs/**]'],
    [include('docs/**'), [], 'none of 0 changed files is in [docs/**]'],
    [include('docs/**'), undefined, null],
    [exclude('docs/**'), ['docs/a.md', 'src/b.ts'], null],
    [
      exclude('docs/**', '*.md'),
      ['docs/a.md', 'README.md'],
      'none of 2 changed files is outside of [docs/**, *.md]',
    ],
    [
      { include: ['src/**'], exclude: ['**/*.md'] },
      ['src/a.md', 'lib/b.ts'],
      'none of 2 changed files is in [src/**] and outside of [**/*.md]',
    ],
    [{ include: ['src/**'], exclude: ['**/*.md'] }, ['src/a.md', 'src/b.ts'], null],
    [include(), [], null],
  ])('%j over %j: %s', (paths, files, expected) => {
    const unmet = firstUnmet(conditions({ paths }), { paths: files }, 'trigger')
    expect(unmet?.reason ?? null).toBe(expected === null ? null : `trigger.paths: ${expected}`)
  })
})
