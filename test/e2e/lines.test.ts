import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LineJson } from '../harness/client.ts'
import { oneStep, pipelineText } from '../harness/pipeline-text.ts'
import { readEvents } from '../harness/read-events.ts'
import { type System, startSystem } from '../harness/start-system.ts'

const rssBytes = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024
}

describe('point 7: lines', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({
      database: 'sqlite',
      workers: 2,
      worker: { WAGGLE_WORKER_SLOTS: '4' },
    })
  })
  afterAll(() => system?.stop())

  const run = async (pipeline: string, timeoutMs = 120_000) => {
    const { number } = await system.client.submit(pipeline)
    return system.client.ended(number, timeoutMs)
  }

  it('keeps every line of 300 containers that print 200 lines and exit at once', async () => {
    const stages = Array.from({ length: 6 }, (_, stage) =>
      pipelineText(
        Array.from({ length: 50 }, (_, step) => ({
          name: `s${step}`,
          image: 'waggle/busybox:1',
          entrypoint: ['/bin/seq'],
          command: ['1', '200'],
        })),
        { name: `stage-${stage}` },
      ),
    )
    const build = await run(stages.join('---\n'), 240_000)
    expect(build.status).toBe('success')
    const whole = Array.from({ length: 200 }, (_, i) => `${i + 1}\n`).join('')
    let complete = 0
    for (const stage of build.stages ?? [])
      for (const step of stage.steps ?? []) {
        const lines = await system.client.log(build.number, stage.number, step.number)
        if (lines.map((line) => line.out).join('') === whole) complete++
      }
    expect(complete).toBe(300)
  }, 300_000)

  it('shows bytes that are not UTF-8 as replacement characters and goes on', async () => {
    const build = await run(oneStep(["printf 'a\\377\\376b\\n'", 'echo after']))
    expect(build.status).toBe('success')
    const text = (await system.client.log(build.number, 1, 1)).map((line) => line.out).join('')
    expect(text).toContain('a\ufffd\ufffdb\n')
    expect(text).toContain('after\n')
  })

  it('keeps a line of 50 MB whole, in pieces of at most 64 KiB', async () => {
    const build = await run(
      oneStep(["head -c 52428800 /dev/zero | tr '\\000' x", 'echo', 'echo end']),
    )
    expect(build.status).toBe('success')
    const lines = await system.client.log(build.number, 1, 1)
    expect(
      lines
        .filter((line) => line.out.startsWith('x'))
        .reduce((sum, line) => sum + line.out.replace('\n', '').length, 0),
    ).toBe(52_428_800)
    expect(Math.max(...lines.map((line) => line.out.length))).toBeLessThanOrEqual(65_536)
    expect(lines.at(-1)?.out).toBe('end\n')
  }, 180_000)

  it('carries 100 MB of output with flat memory', async () => {
    const line = 'x'.repeat(99)
    const before = [...system.apis, ...system.workers].map((app) => rssBytes(app.pid()))
    const { number } = await system.client.submit(oneStep([`yes ${line} | head -n 1000000`]))
    const peaks = [...before]
    await waitUntil(
      'the build to end',
      async () => {
        for (const [i, app] of [...system.apis, ...system.workers].entries())
          peaks[i] = Math.max(peaks[i] ?? 0, rssBytes(app.pid()))
        return (await system.client.build(number)).status === 'success'
      },
      240_000,
      200,
    )
    const grown = peaks.map((peak, i) => (peak - (before[i] ?? 0)) / 1024 / 1024)
    expect(Math.max(...grown)).toBeLessThan(160)
    const answer = await fetch(
      `${system.client.server}/api/repos/test/app/builds/${number}/logs/1/1`,
      {
        headers: { authorization: `Bearer ${system.token}` },
      },
    )
    const hash = createHash('sha256')
    let count = 0
    for (const one of JSON.parse(await answer.text()) as LineJson[]) {
      if (one.out.startsWith('+')) continue
      hash.update(one.out)
      count++
    }
    expect(count).toBe(1_000_000)
    const wanted = createHash('sha256')
    for (let i = 0; i < 1_000_000; i++) wanted.update(`${line}\n`)
    expect(hash.digest('hex')).toBe(wanted.digest('hex'))
  }, 300_000)

  it('streams live to several viewers and resumes where one left off', async () => {
    const { number } = await system.client.submit(
      oneStep(['for i in $(seq 1 40); do echo "line $i"; sleep 0.05; done']),
    )
    const url = `${system.client.server}/api/stream/test/app/${number}/1/1`
    await waitUntil('the step to run', async () => {
      const build = await system.client.build(number)
      return build.stages?.[0]?.steps?.[0]?.status === 'running'
    })
    const [whole, other, part] = await Promise.all([
      readEvents(url, system.token),
      readEvents(url, system.token),
      readEvents(url, system.token, { until: (events) => events.length >= 10 }),
    ])
    const rest = await readEvents(url, system.token, { lastEventId: part.at(-1)?.id ?? '' })
    const lines = whole.filter((event) => event.event === 'message')
    expect(lines.length).toBeGreaterThanOrEqual(41)
    expect(lines.map((event) => event.id)).toEqual(lines.map((_, i) => String(i)))
    expect(other).toEqual(whole)
    expect(whole.at(-1)).toMatchObject({ event: 'error', data: 'eof' })
    const resumed = [...part, ...rest].filter((event) => event.event === 'message')
    expect(resumed.map((event) => event.data)).toEqual(lines.map((event) => event.data))
  })
})
