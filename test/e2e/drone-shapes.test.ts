import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type DroneObject,
  droneBuild,
  droneLine,
  droneRepo,
  droneRow,
  droneSecret,
  droneStage,
  droneStep,
  misfits,
} from '../harness/drone-objects.ts'
import { oneStep, pipelineText } from '../harness/pipeline-text.ts'
import { queryDatabase } from '../harness/query-database.ts'
import { type System, startSystem } from '../harness/start-system.ts'

type Json = Readonly<Record<string, unknown>>

/** Fails with every misfit of every one of them; there must be some. */
const expectAll = (values: readonly unknown[], wanted: DroneObject): void => {
  expect(values.length).toBeGreaterThan(0)
  for (const value of values) expect(misfits(value, wanted)).toEqual([])
}

describe.each([
  { database: 'sqlite', apis: 1 },
  { database: 'postgres', apis: 2 },
] as const)("point 4: Drone's shapes on $database", (parts) => {
  let system: System
  const slug = 'test/app'
  const at = `/api/repos/${slug}`

  beforeAll(async () => {
    system = await startSystem({ ...parts, workers: 1 })
    const pipelines = [
      pipelineText(
        [
          { name: 'service', detach: true, commands: ['sleep 300'] },
          { name: 'one', commands: ['echo first', 'echo second'] },
          { name: 'two', commands: ['exit 3'], failure: 'ignore', depends_on: ['one'] },
        ],
        { name: 'a' },
      ),
      oneStep(['true'], { name: 'b', depends_on: ['a'] }),
    ]
    const { number } = await system.client.submit(pipelines.join('---\n'), {
      params: { colour: 'green' },
      message: 'all fields',
    })
    expect(number).toBe(1)
    expect((await system.client.ended(1)).status).toBe('success')
  })
  afterAll(() => system?.stop())

  const read = async (path: string, api = 0) => {
    const answer = await system.clientOf(api).call('GET', path)
    expect([path, answer.status]).toEqual([path, 200])
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.text.endsWith('\n')).toBe(true)
    return answer.json<Json>()
  }
  const readList = async (path: string, api = 0) =>
    (await read(path, api)) as unknown as readonly Json[]
  const stagesOf = (build: Json) => (build['stages'] ?? []) as readonly Json[]
  const stepsOf = (stage: Json) => (stage['steps'] ?? []) as readonly Json[]

  const expectWhole = (build: Json) => {
    expectAll([build], droneBuild)
    expectAll(stagesOf(build), droneStage)
    for (const stage of stagesOf(build)) {
      // None before its worker has named them.
      for (const step of stepsOf(stage)) {
        expectAll([step], droneStep)
        // The historic misnomer that clients know.
        expect(step['step_id']).toBe(stage['id'])
      }
    }
  }

  it('are those of a build with its stages and steps, the same at every API process', async () => {
    for (let api = 0; api < parts.apis; api++)
      for (const path of [`${at}/builds/1`, `${at}/builds/latest`]) {
        const build = await read(path, api)
        expectWhole(build)
        expect(build).toMatchObject({
          number: 1,
          status: 'success',
          event: 'custom',
          message: 'all fields',
          params: { colour: 'green' },
        })
        expect(stagesOf(build).map((stage) => [stage['number'], stage['name']])).toEqual([
          [1, 'a'],
          [2, 'b'],
        ])
        expect(stagesOf(build)[1]).toMatchObject({ depends_on: ['a'] })
        expect(stepsOf(stagesOf(build)[0] ?? {})).toMatchObject([
          { number: 1, name: 'service', detached: true },
          { number: 2, name: 'one', status: 'success', exit_code: 0 },
          { number: 3, name: 'two', status: 'failure', exit_code: 3, errignore: true },
        ])
      }
  })

  it('are those of a list of builds, newest first, without stages', async () => {
    const { number } = await system.client.submit(oneStep(['true']))
    await system.client.ended(number)
    const builds = await readList(`${at}/builds`)
    expectAll(builds, droneBuild)
    expect(builds.map((build) => build['number'])).toEqual(
      Array.from({ length: number }, (_, i) => number - i),
    )
    expect(builds.filter((build) => 'stages' in build)).toEqual([])
    expect((await readList(`${at}/builds?page=2&per_page=1`)).map((one) => one['number'])).toEqual([
      number - 1,
    ])
    expect(await readList(`${at}/builds?branch=none`)).toEqual([])
  })

  it('are those of a log, and of the same lines as events', async () => {
    const path = `${at}/builds/1/logs/1/2`
    const lines = await readList(path)
    expectAll(lines, droneLine)
    expect(lines.map((line) => line['pos'])).toEqual(lines.map((_, i) => i))
    expect(lines.map((line) => line['out'])).toEqual(
      expect.arrayContaining(['first\n', 'second\n']),
    )
    const stream = await system.client.call('GET', `/api/stream/${slug}/1/1/2`)
    expect(stream.headers.get('content-type')).toBe('text/event-stream')
    const frames = stream.text.split('\n\n')
    expect(frames.slice(0, 1)).toEqual([': ping'])
    expect(frames.slice(-2)).toEqual(['event: error\ndata: eof', ''])
    expect(frames.slice(1, -2)).toEqual(
      lines.map((line) => `id: ${String(line['pos'])}\ndata: ${JSON.stringify(line)}`),
    )
  })

  it('are those of what is running: queue, incomplete builds, change events, cancel', async () => {
    const changes = fetch(`${system.client.server}/api/stream/${slug}`, {
      headers: { authorization: `Bearer ${system.token}` },
    })
    const opened = await changes
    const { number } = await system.client.submit(oneStep(['sleep 300']))
    expect((await system.client.call('GET', `${at}/builds/${number}/logs/1/1`)).status).toBe(404)
    await waitUntil('the step to run', async () => {
      const build = await system.client.build(number)
      return build.stages?.[0]?.steps?.[0]?.status === 'running'
    })
    const queued = await readList('/api/queue')
    expectAll(queued, droneStage)
    expect(queued).toMatchObject([{ status: 'running', name: 'default' }])
    expect(queued[0]).not.toHaveProperty('steps')
    const incomplete = await readList('/api/builds/incomplete')
    expectAll(incomplete, droneRepo)
    expectAll(
      incomplete.map((repo) => repo['build']),
      droneBuild,
    )
    const rows = await readList('/api/builds/incomplete/v2')
    expectAll(rows, droneRow)
    expect(rows).toMatchObject([{ repo_slug: slug, build_number: number, stage_limit: '0' }])

    const cancelled = await system.client.call('DELETE', `${at}/builds/${number}`)
    expect(cancelled.status).toBe(200)
    expectWhole(cancelled.json<Json>())
    expect(cancelled.json<Json>()).toMatchObject({ status: 'killed' })
    // Cancelling what is over changes nothing and is no error.
    const again = await system.client.call('DELETE', `${at}/builds/1`)
    expect([again.status, again.json<Json>()['status']]).toEqual([200, 'success'])

    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of opened.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true })
      if (text.includes('"status":"killed"') && text.endsWith('\n\n')) break
    }
    const events = text
      .split('\n\n')
      .filter((frame) => frame.startsWith('data: '))
      .map((frame) => JSON.parse(frame.slice('data: '.length)) as Json)
    expectAll(events, droneRepo)
    for (const repo of events) expectWhole(repo['build'] as Json)
  })

  it("are those of the repository's secrets, which are encrypted from the first row on", async () => {
    const value = 'never-in-the-clear-83651'
    const body = { name: 'password', data: value, pull_request: true }
    const made = await system.client.call('POST', `${at}/secrets`, body)
    expect(made.status).toBe(200)
    expectAll([made.json()], droneSecret)
    expectAll(await readList(`${at}/secrets`), droneSecret)
    expectAll([await read(`${at}/secrets/password`)], droneSecret)
    const changed = await system.client.call('PATCH', `${at}/secrets/password`, { data: value })
    expectAll([changed.json()], droneSecret)
    for (const answer of [made, changed]) expect(answer.text).not.toContain(value)
    const hex = parts.database === 'sqlite' ? 'hex(data_sealed)' : "encode(data_sealed, 'hex')"
    const kept = queryDatabase(system, `select ${hex} from secrets`).map(([one]) => one ?? '')
    expect(kept).toHaveLength(1)
    // Longer than the value, for what AES-GCM adds, and without it.
    expect(kept[0]?.length).toBeGreaterThan(2 * value.length)
    expect(kept[0]?.toLowerCase()).not.toContain(Buffer.from(value).toString('hex'))
    expect((await system.client.call('DELETE', `${at}/secrets/password`)).status).toBe(204)
    expect((await system.client.call('GET', `${at}/secrets/password`)).status).toBe(404)
  })

  it('are those of the repository, of health and of the version', async () => {
    expectAll([await read(at)], droneRepo)
    expectAll(await readList('/api/repos'), droneRepo)
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const health = await fetch(`${system.client.server}/healthz`, { method })
      expect([method, health.status]).toEqual([method, 200])
      expect(await health.text()).toBe(method === 'HEAD' ? '' : 'OK')
    }
    expect((await read('/version'))['version']).toMatch(/^2\.25\.0\+waggle\.\d/)
  })
})
