import { createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeRepository, type TestRepository } from '../harness/make-repository.ts'
import { oneStep } from '../harness/pipeline-text.ts'
import { type CodeHost, startCodeHost } from '../harness/start-code-host.ts'
import { type System, startSystem } from '../harness/start-system.ts'

/** How far a status is; the host must never hear one that is less far. */
const ranks: Readonly<Record<string, number>> = {
  'Build is pending': 0,
  'Build is running': 1,
  'Build is passing': 2,
  'Build is failing': 2,
}

describe('a code host that is away while API processes are killed (reliability.md I10, A9)', () => {
  let system: System
  let host: CodeHost
  let repository: TestRepository
  let signer: string
  const folder = mkdtempSync(join(tmpdir(), 'waggle-host-'))
  const slug = 'acme/site'

  beforeAll(async () => {
    repository = makeRepository(folder, 'acme/site', { '.drone.yml': oneStep(['sleep 1']) })
    host = await startCodeHost(join(folder, 'repos'))
    const api = {
      WAGGLE_STATUS_HOST: 'gitea',
      WAGGLE_STATUS_SERVER: host.url,
      WAGGLE_STATUS_TOKEN: 'token-of-the-host',
      WAGGLE_STATUS_TIMEOUT_SECONDS: '2',
    }
    system = await startSystem({ database: 'postgres', apis: 2, workers: 1, timeScale: 0.1, api })
    const answer = await system.client.call('POST', '/api/repos', {
      slug,
      git_http_url: `${host.url}/acme/site`,
    })
    expect(answer.status).toBe(200)
    signer = answer.json<{ signer: string }>().signer
  })
  afterAll(async () => {
    await system?.stop()
    await host?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const push = async (step: string): Promise<string> => {
    const after = repository.commit(step, { '.drone.yml': oneStep([step]) })
    const body = JSON.stringify({ ref: 'refs/heads/main', after })
    const sum = createHmac('sha256', signer).update(body).digest('hex')
    const delivery = randomUUID()
    await waitUntil('the delivery to be worked on', async () => {
      const answer = await fetch(`${system.apis[1]?.url}/hook/${slug}`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'x-waggle-signature-256': `sha256=${sum}`,
          'x-waggle-delivery': delivery,
        },
      })
      return answer.status === 200
    })
    return after
  }

  const last = (commit: string) => host.statuses(commit).at(-1)?.description
  const expectForward = (commit: string) => {
    const told = host.statuses(commit).map(({ description }) => ranks[description] ?? Number.NaN)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
  }

  it('hears how a build stands, to its end', async () => {
    const commit = await push('true')
    await waitUntil('the last status', () => last(commit) === 'Build is passing')
    expectForward(commit)
    const paths = host.statuses(commit).map((status) => new URL(status.target_url).pathname)
    expect(new Set(paths).size).toBe(1)
    expect(paths[0]).toMatch(/^\/acme\/site\/\d+$/)
  })

  it.each(['refuse', 'hang'] as const)(
    'and, where it did %s meanwhile, hears the end once it is back',
    async (way) => {
      host.behave(way)
      const passing = await push('sleep 1')
      const failing = await push('exit 3')
      await waitUntil('the builds to end', async () => {
        const answer = await system.client.call('GET', `/api/repos/${slug}/builds?per_page=2`)
        return answer
          .json<{ status: string }[]>()
          .every(({ status }) => /success|failure/.test(status))
      })
      await system.apis[0]?.kill()
      await system.apis[0]?.start()
      expect(host.statuses(passing)).toEqual([])
      host.behave('take')
      await waitUntil('the last statuses', () => {
        const ends = [last(passing), last(failing)]
        return ends[0] === 'Build is passing' && ends[1] === 'Build is failing'
      })
      expectForward(passing)
      expectForward(failing)
    },
  )

  it('and hears the end of builds whose API process is killed again and again', async () => {
    const commits: string[] = []
    for (let turn = 0; turn < 3; turn += 1) {
      commits.push(await push(`echo ${turn}; sleep 1`))
      await system.apis[0]?.kill()
      await system.apis[0]?.start()
    }
    await waitUntil('the last statuses', () =>
      commits.every((commit) => last(commit) === 'Build is passing'),
    )
    for (const commit of commits) expectForward(commit)
  })
})
