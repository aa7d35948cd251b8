import { randomUUID } from 'node:crypto'
import { acceptStage, finishStage } from '@waggle/control'
import type { Given, WorkerRecord } from '@waggle/domain'
import { freshEnvironment } from '@waggle/pipeline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

const failed = {
  status: 'failure',
  exitCode: 3,
  error: '',
  updates: [
    { number: 1, status: 'failure', exitCode: 3, error: '' },
    { number: 2, status: 'skipped', exitCode: 0, error: '' },
  ],
} as const

/** environment.md §17: what a stage is told of the others is what was so when it was handed out. */
describe.each(['sqlite', 'postgres'] as const)('what a stage is given, on %s', (database) => {
  let control: TestControl
  beforeAll(async () => {
    control = await openControl({ database })
  })
  afterAll(() => control?.close())

  const accept = async (worker: WorkerRecord, stageId: number): Promise<Given> => {
    const question = { attempt: 1, requestId: randomUUID() }
    const answer = await acceptStage(control.deps, worker, stageId, question)
    if (answer.kind !== 'accepted') throw new Error(`refused: ${answer.code}`)
    return answer.given
  }

  const statusOf = (given: Given) => {
    const { DRONE_BUILD_STATUS, DRONE_FAILED_STAGES, DRONE_STAGE_MACHINE, CI_BUILD_STATUS } =
      freshEnvironment(given, {
        step: { name: 'a', number: 1 },
        stage: { status: 'running', steps: [] },
        stageStartedAt: 1,
        nowMs: 2,
      })
    return { DRONE_BUILD_STATUS, DRONE_FAILED_STAGES, DRONE_STAGE_MACHINE, CI_BUILD_STATUS }
  }

  it('tells a stage that follows failed ones their names, in their order, and not its own', async () => {
    const text = manifest(
      pipeline('z'),
      pipeline('a'),
      pipeline('beside'),
      `${pipeline('mourn', 'z', 'a')}trigger: { status: [ failure ] }\n`,
    )
    const { stages } = built(await control.submit(await control.repo(), text))
    const idOf = (name: string) => stages.find((stage) => stage.name === name)!.id
    const worker = await control.worker()
    const first = await accept(worker, idOf('beside'))
    expect(statusOf(first)).toEqual({
      ...{ DRONE_BUILD_STATUS: 'success', DRONE_FAILED_STAGES: undefined },
      ...{ DRONE_STAGE_MACHINE: worker.name, CI_BUILD_STATUS: 'pending' },
    })
    for (const name of ['a', 'z']) {
      const lease = await runningLease(control, worker, idOf(name))
      await finishStage(control.deps, lease, failed)
    }
    const last = await accept(worker, idOf('mourn'))
    expect(last.siblings.map(({ name, status }) => [name, status])).toEqual([
      ['z', 'failure'],
      ['a', 'failure'],
      ['beside', 'pending'],
    ])
    expect(statusOf(last)).toEqual({
      ...{ DRONE_BUILD_STATUS: 'failure', DRONE_FAILED_STAGES: 'z,a' },
      ...{ DRONE_STAGE_MACHINE: worker.name, CI_BUILD_STATUS: 'running' },
    })
    expect(last.stage.dependsOn).toEqual(['z', 'a'])
  })
})
