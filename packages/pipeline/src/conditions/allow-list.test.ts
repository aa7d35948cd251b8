import type { Given } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { refusalOf } from './allow-list.ts'
import { matchSimpleGlob } from './match-simple-glob.ts'

const refusal = 'insufficient permission to run the pipeline'
const stage = (trusted: boolean, slug = 'acme/app', event = 'push') =>
  ({ repo: { trusted, slug }, build: { event } }) as Pick<Given, 'repo' | 'build'>
const everything = { isTrustedOnly: false, repos: [], events: [] }

describe("F25 a worker's allow-list", () => {
  it('allows everything where nothing is listed', () => {
    expect(refusalOf(undefined, stage(false))).toBeNull()
    expect(refusalOf(everything, stage(false))).toBeNull()
  })

  it.each([
    [{ isTrustedOnly: true }, stage(true), stage(false)],
    [{ repos: ['acme/*'] }, stage(false), stage(true, 'evil/app')],
    [{ repos: ['a/b', 'acme/ap?'] }, stage(false), stage(true, 'acme/apps')],
    [{ events: ['push', 'tag'] }, stage(false, 'a/b', 'tag'), stage(true, 'a/b', 'cron')],
  ])('asks for all that %j asks for', (some, allowed, refused) => {
    expect(refusalOf({ ...everything, ...some }, allowed)).toBeNull()
    expect(refusalOf({ ...everything, ...some }, refused)).toBe(refusal)
  })
})

describe('matchSimpleGlob', () => {
  it.each<[string, string, boolean]>([
    ['*', '', true],
    ['*', 'a/b', false],
    ['*/*', 'a/b', true],
    ['**', 'a/b', false],
    ['acme/**', 'acme/a', true],
    ['acme/{a,b}', 'acme/a', false],
    ['acme/{a,b}', 'acme/{a,b}', true],
    ['?', '/', false],
    ['a?c', 'abc', true],
    ['[a-c]x', 'bx', true],
    ['[^a-c]x', 'bx', false],
    ['[^a]', 'b', true],
    ['[!a]', '!', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['*a*b', 'xaxxb', true],
    ['*a*b', 'xaxx', false],
    ['[', '[', false],
    ['[]', ']', false],
    ['[a', 'a', false],
    ['a\\', 'a', false],
    ['Main', 'main', false],
    ['\u{1f600}?', '\u{1f600}\u{1f680}', true],
  ])('%j and %j: %j', (pattern, value, isMatch) => {
    expect(matchSimpleGlob(pattern, value)).toBe(isMatch)
  })

  it('takes its time from pattern and value alone', () => {
    expect(matchSimpleGlob('*a'.repeat(500), 'a'.repeat(2_000))).toBe(true)
    expect(matchSimpleGlob('*a'.repeat(500), `${'a'.repeat(2_000)}b`)).toBe(false)
  })
})
