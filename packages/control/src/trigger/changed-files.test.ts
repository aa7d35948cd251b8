import { type Hook, makeHook, silentLogger, unavailable } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import type { ControlDeps } from '../control-deps.ts'
import { boundChangedFiles, completeChangedFiles } from './changed-files.ts'

const before = '1'.repeat(40)
const after = '2'.repeat(40)
const repo = { slug: 'acme/app' } as Parameters<typeof completeChangedFiles>[1]['repo']

const complete = async (
  hook: Partial<Hook>,
  {
    readsPaths = true,
    resolve = true,
    answer = async () => ['src/a.ts'] as readonly string[] | null,
  } = {},
): Promise<readonly string[] | undefined> => {
  const source: ControlDeps['source'] = { read: () => Promise.reject(), changedFiles: answer }
  const completed = await completeChangedFiles(
    { source, log: silentLogger },
    { cloneUrl: 'https://git.example/acme/app.git', repo, resolve },
    makeHook({ event: 'push', before, after, ...hook }),
    readsPaths,
  )
  return completed.changedFiles
}

describe('the changed files of a hook', () => {
  it('asks the source what differs between the commits', async () => {
    expect(await complete({})).toEqual(['src/a.ts'])
    expect(await complete({ event: 'pull_request' })).toEqual(['src/a.ts'])
  })

  it('keeps what the hook said', async () => {
    expect(await complete({ changedFiles: ['x'] })).toEqual(['x'])
  })

  it.each<[string, Partial<Hook>, Parameters<typeof complete>[1]]>([
    ['a new branch', { before: '0'.repeat(40) }, {}],
    ['no commit before', { before: '' }, {}],
    ['a tag', { event: 'tag' }, {}],
    ['a promotion', { event: 'promote' }, {}],
    ['a cron build', { event: 'cron' }, {}],
    ['a file that asks for no paths', {}, { readsPaths: false }],
    ['a request that looks nothing up', {}, { resolve: false }],
    ['more files than are worth knowing', {}, { answer: async () => null }],
    ['a source that cannot tell', {}, { answer: () => Promise.reject(unavailable('git', 'gone')) }],
  ])('does not know them for %s', async (_, hook, options) => {
    expect(await complete(hook, options)).toBeUndefined()
  })

  it('remembers no endless list', () => {
    expect(boundChangedFiles(['a', 'b\ud800'])).toEqual(['a', 'b\ufffd'])
    expect(boundChangedFiles([])).toEqual([])
    expect(boundChangedFiles(Array.from({ length: 5_001 }, () => 'a'))).toBeUndefined()
    expect(boundChangedFiles(['a'.repeat(70_000)])).toBeUndefined()
    expect(boundChangedFiles(null)).toBeUndefined()
  })
})
