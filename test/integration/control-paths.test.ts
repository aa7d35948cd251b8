import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { acceptStage } from '@waggle/control'
import { makeHook } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built } from './lease-of.ts'
import { openControl, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl()
})
afterAll(() => control.close())

const manifest = `kind: pipeline
name: docs
steps: [{ name: a, image: alpine, commands: [ls] }]
trigger: { paths: [ "docs/**" ] }
---
kind: pipeline
name: code
steps: [{ name: a, image: alpine, commands: [ls], when: { paths: { exclude: [ "docs/**" ] } } }]
depends_on: [ docs ]
`

const repository = () => {
  const folder = `${control.folder}/repo`
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-C', folder, ...words], { encoding: 'utf8', stdio: 'pipe' }).trim()
  const commit = (files: Readonly<Record<string, string>>): string => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(`${folder}/${path}`), { recursive: true })
      writeFileSync(`${folder}/${path}`, text)
    }
    git('add', '.')
    git('-c', 'user.name=Ann', '-c', 'user.email=ann@example.com', 'commit', '-q', '-m', 'x')
    return git('rev-parse', 'HEAD')
  }
  mkdirSync(folder, { recursive: true })
  git('init', '-q', '-b', 'main')
  return { url: `file://${folder}`, commit }
}

describe('conditions on paths', () => {
  it('look at the files that differ between the commits of a push, which the stage is given too', async () => {
    const { url, commit } = repository()
    const first = commit({ '.drone.yml': manifest, 'docs/a.md': '1' })
    const second = commit({ 'src/a.ts': '1', 'docs/a.md': '2' })
    const third = commit({ 'src/a.ts': '2' })
    const repo = await control.repo({ gitHttpUrl: url })
    const push = (before: string, after: string, changedFiles?: readonly string[]) =>
      control.submit(repo, '', {
        hook: makeHook({ event: 'push', ref: 'refs/heads/main', before, after, changedFiles }),
        cloneUrl: url,
        manifest: 'fetch',
        resolve: true,
      })
    const names = (result: Awaited<ReturnType<typeof push>>) =>
      built(result).stages.map(({ name, dependsOn }) => [name, ...dependsOn])

    const fresh = await push('0'.repeat(40), first)
    expect(names(fresh)).toEqual([['docs'], ['code', 'docs']])
    const both = await push(first, second)
    expect(names(both)).toEqual([['docs'], ['code', 'docs']])
    const code = await push(second, third)
    expect(names(code)).toEqual([['code']])
    const told = await push(second, third, ['docs/b.md'])
    expect(names(told)).toEqual([['docs'], ['code', 'docs']])

    const planOf = (result: Awaited<ReturnType<typeof push>>) =>
      control.database.builds.findPlan(built(result).build.id)
    expect(await planOf(fresh)).toEqual({ skipped: [] })
    expect(await planOf(both)).toEqual({ changedFiles: ['docs/a.md', 'src/a.ts'], skipped: [] })
    const rule = 'trigger.paths'
    const reason = `${rule}: none of 1 changed files is in [docs/**]`
    expect(await planOf(code)).toEqual({
      changedFiles: ['src/a.ts'],
      skipped: [{ name: 'docs', rule, reason }],
    })

    const answer = await acceptStage(control.deps, await control.worker(), built(code).stage.id, {
      attempt: 1,
      requestId: 'r',
    })
    expect(answer).toMatchObject({ given: { build: { changedFiles: ['src/a.ts'] } } })
  })
})
