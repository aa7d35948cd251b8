import { randomUUID } from 'node:crypto'
import {
  type AcceptResult,
  acceptStage,
  pauseQueue,
  resumeQueue,
  secretPlace,
} from '@waggle/control'
import { makeHook } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, runningLease } from './lease-of.ts'
import { openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl()
})
afterAll(() => control.close())

const newStage = async () => built(await control.submit(await control.repo(), pipeline('a'))).stage

const accepted = (answer: AcceptResult) => {
  if (answer.kind !== 'accepted') throw new Error(`refused: ${answer.code}`)
  return answer
}

describe('accept', () => {
  it('has one winner among 100 workers, and the winner gets the same bytes again', async () => {
    const stage = await newStage()
    const workers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => control.worker({ name: `bee ${i}` })),
    )
    const ask = (i: number, requestId: string) => {
      const worker = workers[i]
      if (!worker) throw new Error('no such worker')
      return acceptStage(control.deps, worker, stage.id, { attempt: 1, requestId })
    }
    const requests = workers.map(() => randomUUID())
    const answers = await Promise.all(requests.map((request, i) => ask(i, request)))
    const winners = answers.flatMap((answer, i) => (answer.kind === 'accepted' ? [i] : []))
    expect(winners).toHaveLength(1)
    const losers = answers.filter((answer) => answer.kind === 'refused')
    expect(new Set(losers.map((answer) => answer.code))).toEqual(new Set(['not_pending']))

    const winner = winners[0] ?? 0
    const again = await ask(winner, requests[winner] ?? '')
    expect(JSON.stringify(again)).toBe(JSON.stringify(answers[winner]))
    expect(await ask(winner, randomUUID())).toEqual({ kind: 'refused', code: 'not_pending' })
    const row = await control.database.stages.find(stage.id)
    expect(row).toMatchObject({ status: 'pending', attempt: 1, isHeld: true })
    expect(row?.machine).toBe(workers[winner]?.name)
  })

  it('gives the same request, sent 20 times at once, one attempt and one answer', async () => {
    const stage = await newStage()
    const worker = await control.worker()
    const question = { attempt: 1, requestId: randomUUID() }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => acceptStage(control.deps, worker, stage.id, question)),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(accepted(answers[0] as AcceptResult).given.attempt).toBe(1)
    expect((await control.database.stages.find(stage.id))?.attempt).toBe(1)
  })

  it('refuses an offer of another attempt, another platform, and a stage that is over', async () => {
    const stage = await newStage()
    const worker = await control.worker()
    const ask = (attempt: number, by = worker) =>
      acceptStage(control.deps, by, stage.id, { attempt, requestId: randomUUID() })
    expect(await ask(2)).toEqual({ kind: 'refused', code: 'not_pending' })
    expect(await ask(0)).toEqual({ kind: 'refused', code: 'not_pending' })
    const profile = { ...worker, arch: 'arm64' }
    const arm = await control.worker({ profile })
    expect(await ask(1, arm)).toEqual({ kind: 'refused', code: 'cannot_serve' })
    await runningLease(control, worker, stage.id)
    expect(await ask(2)).toEqual({ kind: 'refused', code: 'not_pending' })
  })

  it('refuses while the queue is paused, and offers again on resume', async () => {
    const stage = await newStage()
    const worker = await control.worker()
    await pauseQueue(control.deps)
    const question = { attempt: 1, requestId: randomUUID() }
    expect(await acceptStage(control.deps, worker, stage.id, question)).toEqual({
      kind: 'refused',
      code: 'paused',
    })
    const held = built(await control.submit(await control.repo(), pipeline('b'))).stage
    expect(await offersOf([held.id])).toEqual([])
    await control.redis.command('FLUSHALL')
    await resumeQueue(control.deps)
    expect(await offersOf([stage.id, held.id])).toEqual([stage.id, held.id])
    await leaseOf(control, worker, stage.id)
  })

  it('gives only those secrets that the stage names and the origin may have', async () => {
    const repo = await control.repo()
    for (const [name, pullRequest] of [
      ['token', false],
      ['shared', true],
      ['unnamed', true],
    ] as const)
      await control.database.secrets.create({
        repoId: repo.id,
        name,
        dataSealed: control.deps.sealer.seal(`value of ${name}`, secretPlace(repo.id, name)),
        pullRequest,
        pullRequestPush: false,
        forks: false,
      })
    const text = pipeline('a').replace(
      '  commands:',
      '  environment: { A: { from_secret: token }, B: { from_secret: shared } }\n  commands:',
    )
    const worker = await control.worker()
    const given = async (hook: Parameters<typeof makeHook>[0]) => {
      const { stage } = built(await control.submit(repo, text, { hook: makeHook(hook) }))
      const question = { attempt: 1, requestId: randomUUID() }
      const answer = accepted(await acceptStage(control.deps, worker, stage.id, question))
      return answer.given.secrets.map((secret) => `${secret.name}=${secret.value}`).sort()
    }
    const both = ['shared=value of shared', 'token=value of token']
    expect(await given({ event: 'push', ref: 'refs/heads/main' })).toEqual(both)
    const request = { event: 'pull_request', ref: 'refs/pull/1/head' } as const
    expect(await given({ ...request, fork: repo.slug })).toEqual(['shared=value of shared'])
    expect(await given({ event: 'custom', ref: 'refs/pull/1/head' })).toEqual([])
    const row = (await control.database.attempts.listOpenByWorker(worker.id))[0]
    const kept = await control.database.attempts.find(row?.stageId ?? 0, 1)
    expect(Buffer.from(kept?.answerSealed ?? []).includes('value of')).toBe(false)
  })

  it('gives a secret whose name is made of variables, by what they hold for this build', async () => {
    const repo = await control.repo()
    for (const name of ['key_prod', 'key_test', 'key_', 'fallback'])
      await control.database.secrets.create({
        repoId: repo.id,
        name,
        pullRequest: false,
        pullRequestPush: false,
        forks: false,
        dataSealed: control.deps.sealer.seal(name, secretPlace(repo.id, name)),
      })
    const text = pipeline('a').replace(
      '  commands:',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
      '  environment: { A: { from_secret: "key_${DRONE_DEPLOY_TO}" }, B: { from_secret: "${LACKING:-fallback}" } }\n  commands:',
    )
    const secretsOf = async (deployTo: string) => {
      const hook = makeHook({ event: 'promote', ref: 'refs/heads/main', deployTo })
      const { stage } = built(await control.submit(repo, text, { hook }))
      const question = { attempt: 1, requestId: randomUUID() }
      const answer = await acceptStage(control.deps, await control.worker(), stage.id, question)
      if (answer.kind !== 'accepted') throw new Error(answer.code)
      return answer.given.secrets.map((secret) => secret.name).sort()
    }
    expect(await secretsOf('prod')).toEqual(['fallback', 'key_prod'])
    expect(await secretsOf('test')).toEqual(['fallback', 'key_test'])
    expect(await secretsOf('')).toEqual(['fallback', 'key_'])
  })

  it('ends a stage whose secret does not open any more, with the reason', async () => {
    const repo = await control.repo()
    const dataSealed = control.deps.sealer.seal('x', 'secrets/elsewhere')
    const secret = {
      repoId: repo.id,
      name: 'token',
      pullRequest: false,
      pullRequestPush: false,
      forks: false,
    }
    await control.database.secrets.create({ ...secret, dataSealed })
    const text = pipeline('a').replace(
      '  commands:',
      '  environment: { A: { from_secret: token } }\n  commands:',
    )
    const { stage, build } = built(await control.submit(repo, text))
    const worker = await control.worker()
    const question = { attempt: 1, requestId: randomUUID() }
    expect(await acceptStage(control.deps, worker, stage.id, question)).toMatchObject({
      code: 'not_pending',
    })
    const ended = await control.database.stages.find(stage.id)
    expect(ended).toMatchObject({ status: 'error', isHeld: false })
    expect(ended?.error).toContain('secret token cannot be decrypted')
    expect((await control.database.builds.find(build.id))?.status).toBe('error')
  })
})

const offersOf = async (ids: readonly number[]): Promise<readonly number[]> => {
  const stages = await control.database.stages.findMany(ids)
  const found: number[] = []
  for (const stage of stages)
    if ((await control.redis.command('EXISTS', entryKey(stage))).startsWith(':1'))
      found.push(stage.id)
  return found.sort((a, b) => a - b)
}

const entryKey = (stage: { id: number; attempt: number; partition: string }): string =>
  `{test}:${stage.partition}:${stage.id}-${stage.attempt + 1}`
