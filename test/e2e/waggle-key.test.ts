import { silentLogger } from '@waggle/domain'
import { createDockerEngine } from '@waggle/engine-docker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pipelineText } from '../harness/pipeline-text.ts'
import { queryDatabase } from '../harness/query-database.ts'
import { dockerSocket, type System, startSystem } from '../harness/start-system.ts'

const removeCaches = async (system: System): Promise<void> => {
  const [row] = queryDatabase(system, "SELECT value FROM settings WHERE name = 'installation'")
  const engine = createDockerEngine({ socketPath: dockerSocket(), log: silentLogger })
  await engine.purgeCaches?.(row?.[0] ?? 'none', { maxAgeMs: -60_000, totalBytes: 0 })
  await engine.close()
}

describe('the key waggle, through the whole system', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ database: 'sqlite', workers: 1, timeScale: 0.2 })
  })
  afterAll(async () => {
    if (system !== undefined) await removeCaches(system)
    await system?.stop()
  })

  const run = async (text: string) => {
    const { number } = await system.client.submit(text)
    const build = await system.client.ended(number, 90_000)
    const outcome = build.stages?.map(({ name, status, steps = [] }) => {
      const ends = steps.map((step) => `${step.name}:${step.status}(${step.exit_code})`)
      return `${name}: ${status} ${ends.join(' ')}`.trim()
    })
    const log = async (stage: number, step: number) =>
      (await system.client.log(number, stage, step)).map(({ out }) => out).join('')
    return { build, outcome, log }
  }

  it('tries a step again, shows the log of its last try, and ends one that takes too long', async () => {
    const { outcome, log, build } = await run(
      pipelineText([
        {
          name: 'flaky',
          commands: ['if [ -e seen ]; then echo second; else touch seen; exit 3; fi'],
          waggle: { retry: 1 },
        },
        { name: 'slow', commands: ['sleep 60'], waggle: { timeout: '1s' } },
        { name: 'tell', commands: ['echo told'], when: { status: ['failure'] } },
      ]),
    )
    expect(outcome).toEqual(['default: failure flaky:success(0) slow:failure(124) tell:success(0)'])
    expect(build.stages?.[0]?.steps?.[1]?.error).toBe('timed out after 1 s')
    const text = await log(1, 1)
    expect(text).toMatch(/^waggle: try 2 of 2\n/)
    expect(text).toContain('second\n')
  })

  it('runs a failed pipeline again as a whole', async () => {
    const commands = [
      'if [ -e /ledger/again ]; then echo attempt two; else touch /ledger/again; exit 1; fi',
    ]
    const { outcome, log } = await run(
      pipelineText(
        [
          { name: 'first', commands: ['touch mine'] },
          { name: 'one', commands },
        ],
        {
          waggle: { retry: 1 },
        },
      ),
    )
    expect(outcome).toEqual(['default: success first:success(0) one:success(0)'])
    expect(await log(1, 2)).toContain('attempt two\n')
  })

  it('makes a stage for each combination of a matrix, and one that waits for them', async () => {
    const matrix = { axes: { A: ['x', 'y'] } }
    const test = pipelineText([{ name: 'say', commands: [`echo \${A} is $A`] }], {
      name: 'test',
      waggle: { matrix },
    })
    const after = pipelineText([{ name: 'say', commands: ['true'] }], {
      name: 'after',
      depends_on: ['test'],
    })
    const { outcome, log } = await run(`${test}\n---\n${after}`)
    expect(outcome).toEqual([
      'test (A=x): success say:success(0)',
      'test (A=y): success say:success(0)',
      'after: success say:success(0)',
    ])
    expect(await log(2, 1)).toContain('y is y\n')
  })

  it('ends a stage whose service is never ready, and says what was seen', async () => {
    const service = (healthcheck: object) => ({
      services: [
        {
          name: 'web',
          image: 'waggle/busybox:1',
          commands: ['httpd -f -p 8080 -h /'],
          waggle: { healthcheck },
        },
      ],
    })
    const steps = [{ name: 'ask', commands: ['wget -q -O /dev/null http://web:8080/etc/passwd'] }]
    const ready = await run(pipelineText(steps, service({ http: '/etc/passwd', port: 8080 })))
    expect(ready.outcome).toEqual(['default: success web:success(0) ask:success(0)'])
    const never = await run(pipelineText(steps, service({ port: 81, retries: 2 })))
    expect(never.outcome).toEqual(['default: error web:error(255) ask:skipped(0)'])
    expect(never.build.stages?.[0]?.error).toMatch(
      /^service web is not ready: 2 probes in a row failed, .*; the last: nothing listens on port 81$/,
    )
  })

  it('keeps a cache from build to build', async () => {
    const text = pipelineText(
      [
        {
          name: 'use',
          commands: ['cat /cache/file || true', 'echo "$DRONE_BUILD_EVENT" > /cache/file'],
          volumes: [{ name: 'c', path: '/cache' }],
        },
      ],
      { volumes: [{ name: 'c', waggle: { cache: {} } }] },
    )
    const seen = async (more: Record<string, unknown> = {}) => {
      const { number } = await system.client.submit(text, more)
      const build = await system.client.ended(number, 60_000)
      expect(build.status).toBe('success')
      const lines = await system.client.log(number, 1, 1)
      return lines.map(({ out }) => out).filter((line) => !/^\+|^cat:/.test(line))
    }
    expect(await seen()).toEqual([])
    const own = await seen()
    expect(own).toHaveLength(1)
    expect(await seen()).toEqual(own)
  })
})
