import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

describe('point 2: waggle test', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  beforeAll(async () => {
    folder = await tempFolder('test-command')
  })
  afterAll(() => folder?.remove())

  const run = (args: readonly string[], settings: Readonly<Record<string, string>> = {}) => {
    const done = spawnSync(process.execPath, ['test/run.ts', '--skip-check', ...args], {
      cwd: root,
      encoding: 'utf8',
      timeout: 110_000,
      env: { ...process.env, ...settings },
    })
    return { code: done.status, lines: done.stdout.trim().split('\n') }
  }

  it('closes with one plain line', () => {
    const { code, lines } = run(['--project', 'architecture', 'test/docs/links.test.ts'])
    expect(lines.at(-1)).toMatch(/^3 passed, 0 failed, \d+ skipped$/)
    expect(code).toBe(0)
  })

  it('fails where a test fails', () => {
    // In a folder that git ignores: other tests copy the tree meanwhile.
    const planted = join(root, 'test/docs/.waggle')
    const path = join(planted, 'fails.test.ts')
    const text = "import { expect, it } from 'vitest'\nit('fails', () => expect(1).toBe(2))\n"
    mkdirSync(planted, { recursive: true })
    writeFileSync(path, text)
    try {
      const { code, lines } = run(['--project', 'architecture', path])
      expect(lines.at(-1)).toMatch(/^0 passed, 1 failed, \d+ skipped$/)
      expect(code).toBe(1)
    } finally {
      rmSync(planted, { recursive: true })
    }
  })

  it('names what cannot run, with its reason, and counts it', () => {
    const nowhere = join(folder.path, 'nothing.sock')
    const files = ['test/docs/links.test.ts', 'test/e2e/lines.test.ts']
    const { code, lines } = run(['--project', 'architecture', '--project', 'e2e', ...files], {
      WAGGLE_TEST_DOCKER_SOCKET: nowhere,
    })
    const from = lines.indexOf('Did not run:')
    expect(from).toBeGreaterThan(0)
    const told = lines.slice(from).join('\n')
    const reason = `no container engine answers at WAGGLE_TEST_DOCKER_SOCKET=${nowhere}`
    expect(told).toContain(`  ${reason}\n`)
    expect(told).toContain(`  test/e2e/lines.test.ts: ${reason}\n`)
    expect(lines.at(-1)).toMatch(/^3 passed, 0 failed, [1-9]\d* skipped$/)
    expect(code).toBe(0)
  })

  it('is exactly what CI runs', () => {
    const lines = readFileSync(join(root, '.ci/run'), 'utf8').trim().split('\n')
    expect(lines.at(-1)).toBe('exec ./waggle test')
  })
})
