import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Given } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execCloneCommands } from './exec-clone-commands.ts'

const root = mkdtempSync(join(tmpdir(), 'waggle-clone-'))
const origin = join(root, "ori'gin")
const environment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: root,
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
}

const sh = (cwd: string, command: string): string =>
  execFileSync('/bin/sh', ['-ec', command], {
    cwd,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

/** Commits a file and gives the commit's id. */
const commit = (name: string): string => {
  writeFileSync(join(origin, name), name)
  sh(origin, `git add . && git commit -qm ${name}`)
  return sh(origin, 'git rev-parse HEAD')
}

const clone = (build: Partial<Given['build']>): { files: string; head: string } => {
  const folder = mkdtempSync(join(root, 'work-'))
  const given = {
    build: { ref: '', after: '', target: '', cloneUrl: `file://${origin}`, ...build },
    repo: { gitHttpUrl: '', gitSshUrl: '' },
  } as unknown as Given
  for (const command of execCloneCommands(given)) sh(folder, command)
  return { files: sh(folder, 'ls'), head: sh(folder, 'git rev-parse --abbrev-ref HEAD') }
}

describe('execCloneCommands', () => {
  let first = ''
  let pull = ''
  beforeAll(() => {
    mkdirSync(origin)
    sh(origin, 'git init -q -b main')
    first = commit('one')
    sh(origin, 'git tag v1')
    commit('two')
    sh(origin, `git checkout -q -b topic ${first}`)
    pull = commit('three')
    sh(origin, 'git update-ref refs/pull/7/head HEAD && git checkout -q main')
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  it('checks out the commit of a branch under its name', () => {
    const build = { ref: 'refs/heads/main', target: 'main', after: first }
    expect(clone(build)).toEqual({ files: 'one', head: 'main' })
    expect(clone({ ...build, after: '' })).toEqual({ files: 'one\ntwo', head: 'main' })
  })

  it('checks out a tag', () => {
    expect(clone({ ref: 'refs/tags/v1' })).toEqual({ files: 'one', head: 'HEAD' })
  })

  it('merges the head of a pull request into its target', () => {
    const build = { ref: 'refs/pull/7/head', target: 'main', after: pull }
    expect(clone(build)).toEqual({ files: 'one\nthree\ntwo', head: 'main' })
  })

  it('takes the head of the repository where nothing else is said', () => {
    expect(clone({}).files).toBe('one\ntwo')
  })

  it('runs nothing that a ref, branch or commit holds', () => {
    const marker = join(root, 'owned')
    const evil = `x'; touch ${marker}; '`
    for (const build of [
      { ref: `refs/heads/${evil}` },
      { ref: `refs/tags/${evil}` },
      { ref: `refs/pull/${evil}`, target: evil },
      { ref: 'refs/heads/main', target: evil, after: `--upload-pack=touch ${marker}` },
      { ref: 'refs/heads/main', cloneUrl: `--upload-pack=touch ${marker}` },
      { ref: `--upload-pack=touch ${marker}` },
      { ref: 'refs/heads/main', cloneUrl: `ext::sh -c touch% ${marker}` },
    ]) {
      expect(() => clone(build)).toThrow('Command failed')
    }
    expect(() => readFileSync(marker)).toThrow('ENOENT')
  })
})
