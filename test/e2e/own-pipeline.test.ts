import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { standIns } from '../compose/stand-ins.ts'
import { type System, startSystem } from '../harness/start-system.ts'

const root = resolve(import.meta.dirname, '../..')

/** Every step sees a copy of npm's own cache, which the install of this tree has filled: the build does not hang on
 *  the registry, nor can it harm what the machine keeps. What the copy lacks comes from the registry, with short waits. */
const offerPackages = (system: System): Readonly<Record<string, string>> => {
  const ask = spawnSync('npm', ['config', 'get', 'cache'], { cwd: root, encoding: 'utf8' })
  const kept = join(ask.stdout.trim(), '_cacache')
  const copy = join(system.folder, 'npm')
  mkdirSync(copy, { recursive: true })
  if (existsSync(kept)) cpSync(kept, join(copy, '_cacache'), { recursive: true })
  const repositories = join(system.folder, 'repos')
  return {
    WAGGLE_WORKER_VOLUMES: `${repositories}:${repositories}:ro,${copy}:/npm`,
    WAGGLE_WORKER_ENVIRONMENT: [
      'npm_config_cache:/npm',
      'npm_config_prefer_offline:true',
      'npm_config_fetch_timeout:30000',
      'npm_config_fetch_retries:5',
    ].join(','),
  }
}

describe("point 10: the habits, as Waggle's own .drone.yml runs them", () => {
  let system: System
  beforeAll(async () => {
    standIns(['node:24-bookworm-slim'])
    system = await startSystem({ database: 'sqlite', workers: 0 })
    await system.addWorker(offerPackages(system))
  }, 900_000)
  afterAll(() => system?.stop())

  it('passes when Waggle runs it', async () => {
    const path = join(system.folder, 'repos', 'waggle')
    mkdirSync(path, { recursive: true })
    // The tree as it is, also where it is not committed yet.
    const files = execFileSync(
      'git',
      ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
      { cwd: root },
    )
    for (const file of files.toString('utf8').split('\0').filter(Boolean)) {
      try {
        cpSync(join(root, file), join(path, file), { recursive: true })
      } catch (error) {
        // Deleted, and not committed yet.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
    const git = (...args: readonly string[]) =>
      spawnSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
        cwd: path,
      })
    git('init', '--quiet', '--initial-branch=main')
    git('add', '--all')
    git('commit', '--quiet', '--message=the tree')

    const { number } = await system.client.submit(readFileSync(join(root, '.drone.yml'), 'utf8'), {
      source: { url: pathToFileURL(path).href, ref: 'main' },
    })
    const build = await system.client.ended(number, 600_000)
    const steps = build.stages?.[0]?.steps ?? []
    const failed = steps.find((step) => step.status === 'failure' || step.status === 'error')
    const why = failed
      ? `${failed.name}: ${failed.error ?? ''} ${(await system.client.log(number, 1, failed.number))
          .slice(-20)
          .map((line) => line.out)
          .join('')}`
      : (build.stages?.[0]?.error ?? '')
    expect({ status: build.status, why }).toEqual({ status: 'success', why: '' })
    expect(steps.map((step) => step.name)).toEqual(['clone', 'install', 'types', 'lint', 'layers'])
  }, 660_000)

  it.each([
    ['describeStores', ['store/src/sqlite.test.ts', 'store/src/postgres.test.ts']],
    ['describeEngine', ['engine-docker/src', 'engine-exec/src']],
  ])('runs the one conformance suite %s on every adapter of its port', (suite, adapters) => {
    const tests = execFileSync(
      'git',
      ['grep', '--untracked', '-l', `${suite}(`, '--', 'packages'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    )
      .split('\n')
      .filter((file) => file.endsWith('.test.ts'))
    for (const adapter of adapters)
      expect(tests.filter((file) => file.includes(adapter))).not.toEqual([])
  })
})
