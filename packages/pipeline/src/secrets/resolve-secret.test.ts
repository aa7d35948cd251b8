import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Given } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { defaultCompileSettings } from '../compile/compile-settings.ts'
import { secretResolver } from './resolve-secret.ts'

const file = join(import.meta.dirname, '../../testdata/given.json')
const sample = JSON.parse(readFileSync(file, 'utf8')) as Given

const stored = (name: string, value: string) => ({ name, value })
const written = (name: string, value: string) => ({ name, value, isExact: true })
const external = (name: string, value: string) => ({ ...written(name, value), isExternal: true })

const resolve = (
  name: string,
  secrets: Given['secrets'],
  own: Record<string, string> = {},
  build: Partial<Given['build']> = {},
) =>
  secretResolver(
    { ...sample, secrets, build: { ...sample.build, ...build } },
    { ...defaultCompileSettings, secrets: own },
  )(name)

/** pipeline.md §12.11. */
describe('where a secret is found', () => {
  const all = [external('a', '5'), written('a', '3'), stored('A', '1'), stored('a', '2')]

  it('is the first source that has a value, whatever order they are given in', () => {
    expect(resolve('a', all, { A: '4' })).toBe('1')
    expect(resolve('a', all.slice(0, 2), { A: '4' })).toBe('3')
    expect(resolve('a', all.slice(0, 1), { A: '4' })).toBe('4')
    expect(resolve('a', all.slice(0, 1))).toBe('5')
    expect(resolve('a', [])).toBeNull()
  })

  it('is not one without a value', () => {
    const empty = [stored('a', ''), written('a', ''), external('a', 'far')]
    expect(resolve('a', empty, { a: '' })).toBe('far')
    expect(resolve('a', [stored('a', ''), stored('A', 'second')])).toBe('second')
  })

  it('minds the case of names that the file gives, and of no others', () => {
    expect(resolve('Token', [stored('TOKEN', 'x')])).toBe('x')
    expect(resolve('Token', [], { tOKEN: 'x' })).toBe('x')
    expect(resolve('Token', [written('token', 'x')])).toBeNull()
    expect(resolve('Token', [external('token', 'x')])).toBeNull()
    expect(resolve('Token', [written('Token', 'x')])).toBe('x')
  })

  it.each<[Partial<Given['build']>, string | null]>([
    [{ event: 'push' }, 'x'],
    [{ event: 'tag', ref: 'refs/tags/v1' }, 'x'],
    [{ event: 'cron' }, 'x'],
    [{ event: 'custom' }, 'x'],
    [{ event: 'rollback' }, 'x'],
    [{ event: 'promote', deployTo: 'prod' }, 'x'],
    [{ event: 'pull_request', ref: 'refs/pull/1/head', sourceRepo: 'acme/app' }, null],
    [{ event: 'pull_request', ref: 'refs/pull/1/head', sourceRepo: 'evil/app' }, null],
    // What a pull request was promoted or restarted to keeps its origin (threats.md C.1).
    [{ event: 'promote', sourceRepo: 'acme/app' }, null],
    [{ event: 'promote', sourceRepo: 'evil/app' }, null],
  ])("gives %j what the worker's own are for", (build, value) => {
    expect(resolve('own', [], { own: 'x' }, build)).toBe(value)
  })
})
