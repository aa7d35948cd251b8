import { describe, expect, it } from 'vitest'
import { type Condition, runPolicyOf, stageFlags, whyUnmet } from './condition.ts'

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

describe('whyUnmet', () => {
  it('lets exclude beat include', () => {
    const condition = { include: ['feat/*'], exclude: ['feat/wip*'] }
    expect(whyUnmet(condition, 'feat/a')).toBeNull()
    expect(whyUnmet(condition, 'feat/wip-a')).toBe('feat/wip-a is excluded by feat/wip*')
    expect(whyUnmet(condition, 'main')).toBe('main is not in [feat/*]')
  })

  it('ignores a malformed pattern', () => {
    expect(whyUnmet(exclude('['), '[')).toBeNull()
  })
})
