import { join } from 'node:path'
import { type Engine, scaledTimers, silentLogger } from '@waggle/domain'
import {
  dockerStage,
  EngineGate,
  type Ran,
  runNamed,
  startDocker,
  type TestDocker,
  tempFolder,
  testImages,
  waitUntil,
} from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDockerEngine } from './docker-engine.ts'
import { EngineClient } from './engine-client.ts'

let docker: TestDocker
let folder: Awaited<ReturnType<typeof tempFolder>>
let gate: EngineGate
let engine: Engine
let client: EngineClient

beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
  folder = await tempFolder('gate')
  client = new EngineClient(docker.socket)
}, 120_000)

beforeEach(async () => {
  gate = new EngineGate(join(folder.path, 'docker.sock'), docker.socket)
  await gate.open()
  engine = createDockerEngine({
    socketPath: gate.path,
    log: silentLogger,
    timers: scaledTimers(0.1),
  })
})

afterEach(async () => {
  await engine.close()
  await gate.shut()
})

afterAll(async () => {
  client?.close()
  await folder?.remove()
  await docker?.stop()
})

interface Outage {
  readonly meanwhile: (container: string) => Promise<void>
  /** Once the step's output is read on. */
  readonly afterwards?: (container: string) => Promise<void>
  readonly signal?: AbortSignal
}

/** Runs the script up to its first output, cuts the way, does `meanwhile`, opens it again. */
const runWithOutage = async (
  script: string,
  { meanwhile, afterwards, signal }: Outage,
): Promise<Ran> => {
  const spec = dockerStage([{ name: 'one', script }])
  const container = `${spec.steps[0]?.id}-1`
  await engine.setup(spec)
  let isSeen = false
  const parts: Buffer[] = []
  const running = runNamed(engine, spec, 'one', {
    killGraceMs: 20_000,
    output: {
      write: (bytes) => {
        parts.push(Buffer.from(bytes))
        isSeen = true
      },
    },
    ...(signal ? { signal } : {}),
  })
  const outage = async () => {
    await waitUntil('the first output', () => isSeen)
    await gate.shut()
    await meanwhile(container)
    const seen = parts.length
    await gate.open()
    if (!afterwards) return
    await waitUntil('the output to go on', () => parts.length > seen)
    await afterwards(container)
  }
  try {
    const [ran] = await Promise.all([running, outage()])
    return { ...ran, text: Buffer.concat(parts).toString('utf8') }
  } finally {
    await engine.destroy(spec)
  }
}

/** Scripts that go on until they are told to end: how long an outage takes is not theirs to know. */
const untilTold = "told=; trap 'told=1' USR1"

const send = (container: string, signal: string): Promise<void> =>
  client.call('POST', `/containers/${container}/kill`, { query: { signal } })

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const ended = (container: string) =>
  waitUntil('the container to end', async () => {
    const { State } = await client.call<{ State: { Running: boolean } }>(
      'GET',
      `/containers/${container}/json`,
    )
    return !State.Running
  })

describe('an engine that is away for a while', () => {
  it('costs a running step neither a line nor the same line twice', async () => {
    // What ends within a second of an outage may have lost lines to it.
    const ran = await runWithOutage(
      `${untilTold}; i=0; while [ -z "$told" ] || [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.05; done; sleep 2; exit 5`,
      { meanwhile: () => pause(700), afterwards: (container) => send(container, 'SIGUSR1') },
    )
    const lines = ran.text.split('\n').slice(0, -1)
    expect(lines).toEqual(lines.map((_, i) => `line ${i}`))
    expect(lines.length).toBeGreaterThanOrEqual(40)
    expect(ran).toMatchObject({ code: 5, note: '' })
  })

  it('is named in the note of a step that ended meanwhile: its log may lack lines', async () => {
    const ran = await runWithOutage(
      `${untilTold}; echo up; while [ -z "$told" ]; do sleep 0.05; done; echo down; exit 9`,
      {
        meanwhile: async (container) => {
          await send(container, 'SIGUSR1')
          await ended(container)
        },
      },
    )
    expect(ran.code).toBe(9)
    expect(ran.note).toMatch(/^log incomplete: the container engine was down from .*Z to .*Z$/)
  })

  it('is the reason when it killed the step, not the step itself', async () => {
    const killed = async (container: string) => {
      await send(container, 'SIGKILL')
      await ended(container)
    }
    await expect(runWithOutage('echo up; sleep 60', { meanwhile: killed })).rejects.toMatchObject({
      code: 'engine_restarted',
      message: 'docker engine restarted',
    })
  })

  it('is waited for by a set-up and by a step that is not there yet', async () => {
    const spec = dockerStage([{ name: 'one', script: 'echo ran' }])
    try {
      await gate.shut()
      const patience = new AbortController()
      const setup = engine.setup(spec, patience.signal)
      await expect(engine.ping()).rejects.toMatchObject({ code: 'engine_unavailable' })
      await gate.open()
      await setup
      await gate.shut()
      const running = runNamed(engine, spec, 'one')
      await expect(engine.ping()).rejects.toMatchObject({ code: 'engine_unavailable' })
      await gate.open()
      expect(await running).toMatchObject({ code: 0, text: 'ran\n' })
    } finally {
      await engine.destroy(spec)
    }
  })

  it.each(['/containers/create', '/start'])(
    'runs a step once whose answer to %s was lost',
    async (request) => {
      const spec = dockerStage([{ name: 'one', script: 'echo ran; exit 4' }])
      try {
        await engine.setup(spec)
        gate.loseAnswerTo(request)
        expect(await runNamed(engine, spec, 'one')).toMatchObject({ code: 4, text: 'ran\n' })
      } finally {
        await engine.destroy(spec)
      }
    },
  )

  it('fails a set-up that has no patience, and a step that is cancelled', async () => {
    const spec = dockerStage([{ name: 'one', script: 'true' }])
    await gate.shut()
    await expect(engine.setup(spec)).rejects.toMatchObject({ code: 'engine_unavailable' })
    const stop = new AbortController()
    const running = runNamed(engine, spec, 'one', { signal: stop.signal })
    stop.abort()
    await expect(running).rejects.toMatchObject({
      kind: expect.stringMatching(/unavailable|cancelled/),
    })
    await gate.open()
    await engine.destroy(spec)
  })

  it('ends a step that was cancelled meanwhile once it is back', async () => {
    const stop = new AbortController()
    const ran = await runWithOutage(
      "trap 'echo bye; exit 6' TERM; echo up; while :; do sleep 0.1; done",
      {
        meanwhile: () => {
          stop.abort()
          return pause(300)
        },
        signal: stop.signal,
      },
    )
    expect(ran.text).toBe('up\nbye\n')
    expect(ran.code).toBe(6)
  })
})
