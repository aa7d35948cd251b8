import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchGlob } from './glob.ts'

const table: [string, string, boolean][] = [
  ['main', 'Main', false],
  ['main', 'main', true],
  ['*', '', true],
  ['*', 'feature/a', false],
  ['**', 'feature/a/b', true],
  ['**', '', true],
  ['feature/*', 'feature/a', true],
  ['feature/*', 'feature/a/b', false],
  ['feature/**', 'feature/a/b', true],
  ['feature/**', 'feature', false],
  ['feature-**', 'feature-a/b', false],
  ['feature-**', 'feature-ab', true],
  ['**/fix', 'fix', true],
  ['**/fix', 'a/b/fix', true],
  ['a/**/b', 'a/b', true],
  ['a/**/b', 'a/x/y/b', true],
  ['refs/heads/**', 'refs/heads/a/b', true],
  ['refs/pull/*/head', 'refs/pull/7/head', true],
  ['v[0-9].*', 'v2.x', true],
  ['rel-[^0-9]', 'rel-5', false],
  ['rel-[^0-9]', 'rel-x', true],
  ['rel-[!0-9]', 'rel-x', false],
  ['rel-[!0-9]', 'rel-!', true],
  ['{main,dev}', 'dev', true],
  ['{main,}', '', true],
  ['{main,rel/*}', 'rel/1', false],
  ['{a,b}-{c,d}', 'b-c', true],
  ['{v*,[ab]?}', 'bx', true],
  ['v1.\\*', 'v1.*', true],
  ['v1.\\*', 'v1.x', false],
  ['[', '[', false],
  ['a[', 'a[', false],
  ['{a', '{a', false],
  ['*hello', 'acme/hello', false],
  ['!main', 'dev', false],
  ['!main', '!main', true],
  ['?', 'ü', true],
  ['?', '😀', true],
  ['[а-я]', 'ж', true],
  ['a\\', 'a\\', false],
  ['', '', true],
  ['', 'a', false],
]

describe('matchGlob', () => {
  it.each(table)('%j on %j: %j', (pattern, value, expected) => {
    expect(matchGlob(pattern, value)).toBe(expected)
  })

  it('agrees with a slow and simple matcher', () => {
    const pattern = fc
      .array(fc.constantFrom('a', 'b', '*', '**', '?', '/', '[ab]', '[^a]', '\\a', '**/', '/**'), {
        maxLength: 8,
      })
      .map((parts) => parts.join(''))
    const value = fc
      .array(fc.constantFrom('a', 'b', '/'), { maxLength: 8 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(pattern, value, (glob, text) => {
        expect(matchGlob(glob, text)).toBe(slowGlob(glob.split('/'), text.split('/')))
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes patterns that ruin backtracking matchers without effort', () => {
    // Backtracking would take longer than the age of the universe: that these end at all is the proof.
    expect(matchGlob(`${'*a'.repeat(400)}b`, 'a'.repeat(5_000))).toBe(false)
    expect(matchGlob(`${'[a-z]*'.repeat(150)}!`, 'a'.repeat(5_000))).toBe(false)
    expect(matchGlob(`${'**/'.repeat(300)}b`, 'a/'.repeat(1_000))).toBe(false)
    expect(matchGlob('{a,b}'.repeat(8), 'abababab')).toBe(true)
  })

  it('refuses patterns beyond its limits', () => {
    expect(matchGlob('{a,b}'.repeat(9), 'ababababa')).toBe(false)
    expect(matchGlob('a'.repeat(1_024), 'a'.repeat(1_024))).toBe(true)
    expect(matchGlob('a'.repeat(1_025), 'a'.repeat(1_025))).toBe(false)
  })
})

const slowGlob = (pattern: readonly string[], value: readonly string[]): boolean => {
  const [first, ...rest] = pattern
  if (first === undefined) return value.length === 0
  if (first === '**') {
    if (rest.length === 0) return value.length > 0
    return value.some((_, at) => slowGlob(rest, value.slice(at)))
  }
  if (value.length === 0) return false
  return slowPart(first, value[0]!) && slowGlob(rest, value.slice(1))
}

const slowPart = (pattern: string, value: string): boolean => {
  if (pattern === '') return value === ''
  if (pattern.startsWith('*')) {
    return slowPart(pattern.slice(1), value) || (value !== '' && slowPart(pattern, value.slice(1)))
  }
  if (value === '') return false
  const [length, isMatch] = slowOne(pattern, value[0]!)
  return isMatch && slowPart(pattern.slice(length), value.slice(1))
}

const slowOne = (pattern: string, char: string): [number, boolean] => {
  if (pattern.startsWith('?')) return [1, true]
  if (pattern.startsWith('[ab]')) return [4, 'ab'.includes(char)]
  if (pattern.startsWith('[^a]')) return [4, char !== 'a']
  if (pattern.startsWith('\\')) return [2, pattern[1] === char]
  return [1, pattern[0] === char]
}
