import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftoversOf } from '../harness/engine-leftovers.ts'
import { witnessed, witnessOf } from '../harness/ledger.ts'
import { makeRepository } from '../harness/make-repository.ts'
import { pipelineText } from '../harness/pipeline-text.ts'
import { queryDatabase } from '../harness/query-database.ts'
import { type System, startSystem } from '../harness/start-system.ts'

/** Where the worker is killed, and what must come of the stage. Until running containers are joined again, a step
 *  that was granted makes the stage end in `error: worker lost`; what was not granted runs again, once. */
const phases = [
  { phase: 'worker.fetched', status: 'success', starts: { one: 1, two: 1 } },
  { phase: 'worker.accepted', status: 'success', starts: { one: 1, two: 1 } },
  { phase: 'docker.network.created', status: 'success', starts: { one: 1, two: 1 } },
  { phase: 'docker.container.created', status: 'error', starts: {} },
  { phase: 'step.granted', status: 'error', starts: {} },
  { phase: 'step.running', status: 'error', starts: { one: 1 } },
  { phase: 'step.exited', status: 'error', starts: { one: 1 } },
  { phase: 'logs.closed', status: 'error', starts: { one: 1 } },
  { phase: 'stage.reported', status: 'success', starts: { one: 1, two: 1 } },
] as const

describe('a worker that is killed', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ database: 'postgres', apis: 2, workers: 0, timeScale: 0.1 })
  })
  afterAll(() => system?.stop())

  const submit = (phase: string) =>
    system.client.submit(
      pipelineText(
        [
          { name: 'one', commands: witnessed(phase, 1) },
          { name: 'two', commands: witnessed(phase, 0) },
        ],
        { node: { phase } },
      ),
    )

  const seenBy = (phase: string, build: number) => {
    const { started } = witnessOf(system, phase)
    return Object.fromEntries(
      Object.entries(started)
        .filter(([key]) => key.startsWith(`${build} `))
        .map(([key, count]) => [key.split(' ')[2], count]),
    )
  }

  it.each(phases)(
    'at $phase and comes back: $status, nothing runs twice',
    async ({ phase, status, starts }) => {
      const hits = join(system.folder, `hits-${phase}`)
      const worker = await system.addWorker({
        WAGGLE_WORKER_LABELS: `phase:${phase}`,
        WAGGLE_FAILPOINTS: `${phase}=kill`,
        WAGGLE_FAILPOINT_LOG: hits,
      })
      const { number } = await submit(phase)
      await worker.exited()
      expect(readFileSync(hits, 'utf8')).toContain(`${phase} kill`)
      await worker.start({ WAGGLE_FAILPOINTS: '' })
      const build = await system.client.ended(number)
      const stage = build.stages?.[0]
      expect(stage?.status).toBe(status)
      expect(stage?.error ?? '').toMatch(status === 'error' ? /^worker lost \(/ : /^$/)
      expect(seenBy(phase, number)).toEqual(starts)
      await waitUntil('leftovers to go', async () => (await leftoversOf(system, stage?.id)) === 0)
      // What was final stays so: nothing of the dead worker may write afterwards.
      expect((await system.client.build(number)).stages?.[0]?.status).toBe(status)
      await worker.kill()
    },
  )

  it.each(['docker.container.created', 'step.exited'])(
    'at %s of the implicit clone and comes back: the stage runs again',
    async (phase) => {
      const label = `clone-${phase}`
      const repository = makeRepository(system.folder, label, { 'story.txt': 'once\n' })
      const worker = await system.addWorker({
        WAGGLE_WORKER_LABELS: `phase:${label}`,
        WAGGLE_FAILPOINTS: `${phase}=kill`,
      })
      const commands = ['cat story.txt', ...witnessed(label, 0)]
      const { number } = await system.client.submit(
        pipelineText([{ name: 'one', commands }], { clone: true, node: { phase: label } }),
        { source: { url: repository.url, ref: 'main' } },
      )
      await worker.exited()
      await worker.start({ WAGGLE_FAILPOINTS: '' })
      const build = await system.client.ended(number)
      const stage = build.stages?.[0]
      expect([stage?.status, stage?.error]).toEqual(['success', undefined])
      expect(stage?.steps?.map(({ name, status }) => [name, status])).toEqual([
        ['clone', 'success'],
        ['one', 'success'],
      ])
      expect(seenBy(label, number)).toEqual({ one: 1 })
      const attempts = `select number, "end" from attempts where stage_id = ${stage?.id} order by 1`
      expect(queryDatabase(system, attempts)).toEqual([
        ['1', 'requeued'],
        ['2', 'finished'],
      ])
      const log = await system.client.log(number, 1, 1)
      expect(log.length).toBeGreaterThan(0)
      await waitUntil('leftovers to go', async () => (await leftoversOf(system, stage?.id)) === 0)
      await worker.kill()
    },
  )

  it('and never comes back: an accepted stage goes to another worker', async () => {
    const phase = 'gone-early'
    const settings = { WAGGLE_WORKER_LABELS: `phase:${phase}` }
    const first = await system.addWorker({ ...settings, WAGGLE_FAILPOINTS: 'worker.accepted=kill' })
    const { number } = await submit(phase)
    await first.exited()
    await system.addWorker(settings)
    const build = await system.client.ended(number)
    expect(build.status).toBe('success')
    expect(seenBy(phase, number)).toEqual({ one: 1, two: 1 })
  })

  it('and never comes back: a granted stage ends in worker lost, and what depends on it goes on', async () => {
    const phase = 'gone-late'
    const settings = { WAGGLE_WORKER_LABELS: `phase:${phase}` }
    const first = await system.addWorker({ ...settings, WAGGLE_FAILPOINTS: 'step.running=kill' })
    const { number } = await system.client.submit(
      [
        pipelineText([{ name: 'one', commands: witnessed(phase, 1) }], {
          name: 'a',
          node: { phase },
        }),
        pipelineText([{ name: 'tell', commands: witnessed(phase, 0) }], {
          name: 'b',
          node: { phase },
          depends_on: ['a'],
          trigger: { status: ['failure'] },
        }),
      ].join('---\n'),
    )
    await first.exited()
    await system.addWorker(settings)
    const build = await system.client.ended(number)
    expect(build.stages?.map((stage) => stage.status)).toEqual(['error', 'success'])
    expect(build.stages?.[0]?.error).toMatch(/^worker lost \(worker-\d+, last contact /)
    expect(seenBy(phase, number)).toEqual({ one: 1, tell: 1 })
  })

  it('again and again by one stage: the stage is ended, the worker goes on', async () => {
    const phase = 'poison'
    const worker = await system.addWorker({
      WAGGLE_WORKER_LABELS: `phase:${phase}`,
      WAGGLE_FAILPOINTS: 'worker.accepted=kill',
    })
    const { number } = await submit(phase)
    for (let death = 1; death <= 3; death++) {
      await worker.exited()
      await worker.start(death < 3 ? {} : { WAGGLE_FAILPOINTS: '' })
    }
    const build = await system.client.ended(number)
    expect(build.stages?.[0]).toMatchObject({
      status: 'error',
      error: 'crashed the worker 3 times',
    })
    const next = await submit(phase)
    expect((await system.client.ended(next.number)).status).toBe('success')
  })
})
