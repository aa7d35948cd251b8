import { describe, expect, it } from 'vitest'
import { laterCommits } from './auto-cancel.ts'

const push = (text: string) => {
  const [before = '', after = ''] = text.split('>')
  return { before, after, name: text }
}

describe('laterCommits', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['1>2', [], []],
    ['2>3', ['0>1', '1>2'], []],
    ['1>2', ['2>3'], ['2>3']],
    ['1>2', ['3>4', '2>3'], ['2>3', '3>4']],
    ['1>2', ['3>4'], []],
    // A push back to an old commit, and the same push again.
    ['2>1', ['1>2'], []],
    ['1>2', ['1>2'], []],
    ['3>1', ['1>2', '2>3'], []],
    // Nobody knows what came before.
    ['>2', ['>3', '>4'], []],
    ['1>', ['>2'], []],
  ])('after %s, of %j, are %j', (build, others, expected) => {
    const later = laterCommits(push(build), others.map(push))
    expect(later.map(({ name }) => name)).toEqual(expected)
  })
})
