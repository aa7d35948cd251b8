import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempFolder } from '@waggle/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bringPrograms, type NeededProgram } from './bring-programs.ts'

const redis: NeededProgram = { names: ['redis-server', 'valkey-server'], package: 'redis-server' }
const git: NeededProgram = { names: ['git'], package: 'git' }

describe('programs that up needs', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  let said: string[]
  beforeEach(async () => {
    folder = await tempFolder('bring')
    said = []
  })
  afterEach(() => folder.remove())

  const put = (name: string) => writeFileSync(join(folder.path, name), '')
  const bring = (
    install: ((packages: readonly string[]) => string) | null,
    prefix = 'sudo ',
  ): ReadonlyMap<string, string> =>
    bringPrograms([redis, git], (text) => said.push(text), {
      folders: [folder.path],
      install,
      prefix,
    })

  it('are taken as they are, under each of their names', () => {
    put('valkey-server')
    put('git')
    expect([...bring(null)]).toEqual([
      ['redis-server', join(folder.path, 'valkey-server')],
      ['git', join(folder.path, 'git')],
    ])
    expect(said).toEqual([])
  })

  it('are installed together where the machine allows it', () => {
    const asked: string[][] = []
    const brought = bring((packages) => {
      asked.push([...packages])
      put('redis-server')
      put('git')
      return ''
    })
    expect(asked).toEqual([['redis-server', 'git']])
    expect(said).toEqual(['installing redis-server git'])
    expect(brought.get('git')).toBe(join(folder.path, 'git'))
  })

  it('bring the one line to type where rights are missing', () => {
    expect(() => bring(null)).toThrow(
      /^redis-server and git are missing; type: sudo apt-get install redis-server git$/,
    )
    put('redis-server')
    expect(() => bring(null, 'as root: ')).toThrow(
      /^git is missing; type: as root: apt-get install git$/,
    )
  })

  it('bring the same line, and why, where the installation failed', () => {
    put('git')
    expect(() => bring(() => 'E: no network', '')).toThrow(
      /^redis-server is missing \(E: no network\); type: apt-get install redis-server$/,
    )
  })
})
