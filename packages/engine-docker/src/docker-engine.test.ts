import { createHash } from 'node:crypto'
import { type Engine, type Spec, silentLogger } from '@waggle/domain'
import {
  type DockerStep,
  dockerStage,
  installationOf,
  runNamed,
  startDocker,
  type TestDocker,
  testImages,
  waitUntil,
} from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDockerEngine } from './docker-engine.ts'
import { EngineClient } from './engine-client.ts'

let docker: TestDocker
let engine: Engine
let client: EngineClient

beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
  engine = createDockerEngine({ socketPath: docker.socket, log: silentLogger })
  client = new EngineClient(docker.socket)
}, 120_000)

afterAll(async () => {
  await engine?.close()
  client?.close()
  await docker?.stop()
})

const inStage = async <T>(
  steps: readonly DockerStep[],
  work: (spec: Spec) => Promise<T>,
  more: Parameters<typeof dockerStage>[1] = {},
): Promise<T> => {
  const spec = dockerStage(steps, more)
  await engine.setup(spec)
  try {
    return await work(spec)
  } finally {
    await engine.destroy(spec)
  }
}

const runOne = (script: string, more: Partial<DockerStep> = {}) =>
  inStage([{ name: 'one', script, ...more }], (spec) => runNamed(engine, spec, 'one'))

describe('F62 output', () => {
  it('gives the exit code and both streams, with the time the engine saw them', async () => {
    const before = Date.now()
    const ran = await runOne('echo out; echo err >&2; exit 7')
    expect(ran.code).toBe(7)
    expect(ran.text.split('\n').sort()).toEqual(['', 'err', 'out'])
    expect(ran).toMatchObject({ isOutOfMemory: false, note: '' })
    for (const timeMs of ran.timesMs) {
      expect(timeMs).toBeGreaterThanOrEqual(before - 5)
      expect(timeMs).toBeLessThanOrEqual(Date.now() + 5)
    }
  })

  it('is byte for byte what the step wrote, also binary', async () => {
    const ran = await runOne(
      'head -c 1000000 /dev/urandom >f; echo >>f; sha256sum f | cut -c1-64; cat f',
    )
    const digest = ran.bytes.subarray(0, 64).toString('latin1')
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    const rest = ran.bytes.subarray(65)
    expect(rest.length).toBe(1_000_001)
    expect(createHash('sha256').update(rest).digest('hex')).toBe(digest)
  })

  it('holds a long line in one piece with nothing of the records in between', async () => {
    const ran = await runOne(
      "head -c 300000 /dev/zero | tr '\\0' x; echo; head -c 32768 /dev/zero | tr '\\0' y; echo; echo end",
    )
    expect(ran.text).toBe(`${'x'.repeat(300_000)}\n${'y'.repeat(32_768)}\nend\n`)
  })

  it('is complete when steps print 200 lines and exit at once', async () => {
    const steps = Array.from({ length: 60 }, (_, i) => ({
      name: `s${i}`,
      script: 'i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done',
      namespace: i % 4,
    }))
    const expected = Array.from({ length: 200 }, (_, i) => `line ${i}\n`).join('')
    await inStage(steps, async (spec) => {
      const turns = [0, 1, 2, 3].map(async (turn) => {
        for (let i = turn; i < steps.length; i += 4) {
          expect((await runNamed(engine, spec, `s${i}`)).text).toBe(expected)
        }
      })
      await Promise.all(turns)
    })
  }, 120_000)

  it('is complete when a step prints 20,000 lines at once, time after time', async () => {
    const steps = Array.from({ length: 12 }, (_, i) => ({
      name: `s${i}`,
      script: 'seq 1 20000',
      namespace: 0,
    }))
    await inStage(steps, async (spec) => {
      const sizes: number[] = []
      for (const step of steps) sizes.push((await runNamed(engine, spec, step.name)).bytes.length)
      expect(sizes).toEqual(steps.map(() => 108_894))
    })
  }, 120_000)

  it('keeps an unfinished last line as it is', async () => {
    expect((await runOne('echo a; printf b')).text).toBe('a\nb')
  })

  it('waits for a slow reader instead of losing lines', async () => {
    await inStage([{ name: 'one', script: 'seq 1 20000' }], async (spec) => {
      let size = 0
      let isBusy = false
      await runNamed(engine, spec, 'one', {
        output: {
          write: async (bytes) => {
            expect(isBusy).toBe(false)
            isBusy = true
            await new Promise((resolve) => setImmediate(resolve))
            isBusy = false
            size += bytes.length
          },
        },
      })
      expect(size).toBe(108_894)
    })
  })
})

describe('F53 what a step gets', () => {
  it('drops empty variables, appends secrets even when empty, and lets the overlay win', async () => {
    await inStage(
      [
        {
          name: 'one',
          script: 'env | grep ^T_ | sort',
          environment: { T_A: 'a', T_EMPTY: '', T_OVER: 'old', T_BOTH: 'literal' },
          secrets: [
            { name: 's', env: 'T_SECRET', value: 'x y\nz=1' },
            { name: 'none', env: 'T_NONE', value: '' },
            { name: 'both', env: 'T_BOTH', value: 'secret' },
            { name: 'mask-only', env: '', value: 'hidden' },
          ],
        },
      ],
      async (spec) => {
        const ran = await runNamed(engine, spec, 'one', { environment: { T_OVER: 'new' } })
        expect(ran.text.split('\n')).toEqual(
          expect.arrayContaining([
            'T_A=a',
            'T_OVER=new',
            'T_BOTH=secret',
            'T_NONE=',
            'T_SECRET=x y',
          ]),
        )
        expect(ran.text).not.toContain('T_EMPTY')
        expect(ran.text).not.toContain('hidden')
      },
    )
  })

  it('shares the workspace between steps and mounts memory where it is asked for', async () => {
    const labels = {}
    await inStage(
      [
        { name: 'write', script: 'echo kept >file' },
        {
          name: 'read',
          script: 'cat file; df -t tmpfs /mem | tail -1 | wc -l; stat -c %a /mem',
          mounts: [
            { name: '_workspace', path: '/drone' },
            { name: 'mem', path: '/mem' },
            { name: 'unknown', path: '/nowhere' },
          ],
        },
      ],
      async (spec) => {
        const withMemory: Spec = {
          ...spec,
          volumes: [
            ...spec.volumes,
            {
              kind: 'temp',
              id: 'm',
              name: 'mem',
              medium: 'memory',
              sizeLimitBytes: 65_536,
              labels,
            },
          ],
        }
        expect((await runNamed(engine, withMemory, 'write')).code).toBe(0)
        expect((await runNamed(engine, withMemory, 'read')).text).toBe('kept\n1\n700\n')
      },
    )
  })

  it('gives no capability, device or mode that the spec does not name', async () => {
    await inStage([{ name: 'one', script: 'sleep 30' }], async (spec) => {
      const stop = new AbortController()
      const running = runNamed(engine, spec, 'one', {
        signal: stop.signal,
        killGraceMs: 20,
        onStarted: () => stop.abort(),
      })
      const found = await waitUntil('the container', () =>
        client.call<{ HostConfig: Record<string, unknown> }>(
          'GET',
          `/containers/${spec.steps[0]?.id}-1/json`,
        ),
      )
      expect(found.HostConfig).toMatchObject({
        Privileged: false,
        CapAdd: null,
        SecurityOpt: null,
        Devices: [],
        Binds: [],
        PidMode: '',
        IpcMode: 'private',
        AutoRemove: false,
        LogConfig: { Type: 'local', Config: { 'max-size': '160m', 'max-file': '2' } },
      })
      expect((await running).code).toBe(137)
    })
  })
})

describe('bad news', () => {
  it('says which image is missing when it must not be pulled', async () => {
    await expect(
      runOne('true', { image: 'waggle/nowhere:1', pull: 'never' }),
    ).rejects.toMatchObject({ code: 'container_not_created', kind: 'not_found' })
  })

  it('says which program is missing', async () => {
    await expect(runOne('true', { entrypoint: ['/no/such'], command: [] })).rejects.toMatchObject({
      code: 'container_not_started',
      message: expect.stringContaining('/no/such'),
    })
  })

  it('is unavailable when no engine answers', async () => {
    const away = createDockerEngine({ socketPath: '/nowhere/docker.sock', log: silentLogger })
    await expect(away.ping()).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(away.leftovers('x')).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(away.destroy(dockerStage([]))).rejects.toMatchObject({ kind: 'unavailable' })
    await away.close()
  })

  it('says that a container disappeared when somebody removed it', async () => {
    await inStage([{ name: 'one', script: 'sleep 60' }], async (spec) => {
      const running = runNamed(engine, spec, 'one', {
        onStarted: () => {
          void client.call('DELETE', `/containers/${spec.steps[0]?.id}-1`, {
            query: { force: 'true' },
          })
        },
      })
      await expect(running).rejects.toMatchObject({ code: 'container_disappeared' })
    })
  })

  it('F59 tells a step that ran out of memory, and its limit', async () => {
    const ran = await runOne('tail /dev/zero', {
      limits: {
        memoryBytes: 33_554_432,
        memorySwapBytes: 33_554_432,
        shmBytes: 0,
        cpuPeriod: 0,
        cpuQuota: 0,
        cpuShares: 0,
        cpuSet: [],
      },
    })
    expect(ran).toMatchObject({
      code: 137,
      isOutOfMemory: true,
      note: 'out of memory (limit 32 MiB)',
    })
  })
})

describe('F57 cancel', () => {
  const cancelled = (script: string, killGraceMs: number, pause = false) =>
    inStage([{ name: 'one', script }], async (spec) => {
      const stop = new AbortController()
      const name = `${spec.steps[0]?.id}-1`
      let printed = ''
      const running = runNamed(engine, spec, 'one', {
        signal: stop.signal,
        killGraceMs,
        output: {
          write: (bytes) => {
            printed += Buffer.from(bytes).toString('utf8')
          },
        },
      })
      await waitUntil('the step to be ready', () => printed.includes('ready'))
      if (pause)
        // An engine with much to do sometimes cannot freeze a container at once.
        await waitUntil('the pause', () =>
          client.call('POST', `/containers/${name}/pause`).then(() => true),
        )
      stop.abort()
      return { ...(await running), printed }
    })

  it('lets a step end by itself on SIGTERM and reads what it prints then', async () => {
    const ran = await cancelled(
      "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.1; done",
      20_000,
    )
    expect(ran.code).toBe(3)
    expect(ran.printed).toBe('ready\nbye\n')
  })

  it('kills a step that ignores SIGTERM after the grace', async () => {
    const ran = await cancelled("trap '' TERM; echo ready; while :; do sleep 0.1; done", 200)
    expect(ran.code).toBe(137)
  })

  it('wakes a paused step to end it', async () => {
    const ran = await cancelled(
      "trap 'exit 4' TERM; echo ready; while :; do sleep 0.1; done",
      20_000,
      true,
    )
    expect(ran.code).toBe(4)
  })

  it('starts nothing when it was cancelled before', async () => {
    await inStage([{ name: 'one', script: 'true' }], async (spec) => {
      await expect(
        runNamed(engine, spec, 'one', { signal: AbortSignal.abort() }),
      ).rejects.toMatchObject({ kind: 'cancelled' })
    })
  })
})

describe('namespaces', () => {
  const joined = async (spec: Spec, name: string) => {
    const step = spec.steps.find((candidate) => candidate.name === name)
    const found = await client.call<{ HostConfig: { NetworkMode: string } }>(
      'GET',
      `/containers/${step?.id}-1/json`,
    )
    return found.HostConfig.NetworkMode
  }

  /** Until somebody answers: a container that starts beside this one may take its time. */
  const fetching = (url: string): string =>
    `for i in $(seq 300); do wget -q -O- ${url} && exit 0; sleep 0.1; done; exit 1`

  it('lets a step that joins one reach a service by its name', async () => {
    await inStage(
      [
        { name: 'web', script: 'echo hello >index.html; httpd -f -p 8080', detach: true },
        { name: 'a', script: fetching('http://web:8080/index.html'), namespace: 0 },
        { name: 'b', script: 'true', namespace: 0 },
      ],
      async (spec) => {
        const stop = new AbortController()
        const service = runNamed(engine, spec, 'web', { signal: stop.signal, killGraceMs: 20 })
        const ran = await runNamed(engine, spec, 'a')
        expect(ran.text).toContain('hello')
        expect(ran.code).toBe(0)
        expect(await joined(spec, 'a')).toMatch(/^container:/)
        expect(await joined(spec, 'web')).toBe(spec.network.id)
        stop.abort()
        await service
      },
    )
  })

  it('keeps parallel steps apart, so that two servers on one port never meet', async () => {
    const serve = (word: string) =>
      `echo ${word} >/tmp/index.html; httpd -p 8080 -h /tmp && sleep 0.5 && wget -q -O- http://127.0.0.1:8080/`
    await inStage(
      [
        { name: 'a', script: serve('first'), namespace: 0 },
        { name: 'b', script: serve('second'), namespace: 1 },
        { name: 'a2', script: 'true', namespace: 0 },
        { name: 'b2', script: 'true', namespace: 1 },
      ],
      async (spec) => {
        const [a, b] = await Promise.all([runNamed(engine, spec, 'a'), runNamed(engine, spec, 'b')])
        expect([a.code, b.code]).toEqual([0, 0])
        expect([a.text, b.text]).toEqual(['first\n', 'second\n'])
        expect(await joined(spec, 'a')).not.toBe(await joined(spec, 'b'))
      },
    )
  })

  it('answers to the names of all steps that share one', async () => {
    await inStage(
      [
        { name: 'a', script: 'echo from-a >index.html; httpd -f -p 8080', namespace: 0 },
        { name: 'b', script: 'true', namespace: 0 },
        { name: 'c', script: fetching('http://b:8080/index.html') },
      ],
      async (spec) => {
        // It serves for as long as the other one asks.
        const stop = new AbortController()
        const a = runNamed(engine, spec, 'a', { signal: stop.signal, killGraceMs: 20 })
        const c = await runNamed(engine, spec, 'c')
        expect(c.text).toContain('from-a')
        stop.abort()
        await a
      },
    )
  })

  it('gives a step its own when the shared one is gone', async () => {
    await inStage(
      [
        { name: 'a', script: 'true', namespace: 0 },
        { name: 'b', script: 'echo still', namespace: 0 },
      ],
      async (spec) => {
        await runNamed(engine, spec, 'a')
        expect(await joined(spec, 'a')).toMatch(/^container:/)
        await client.call('DELETE', `/containers/${spec.network.id}-ns0`, {
          query: { force: 'true' },
        })
        expect((await runNamed(engine, spec, 'b')).text).toBe('still\n')
        expect(await joined(spec, 'b')).toBe(spec.network.id)
      },
    )
  })
})

describe('F52 leftovers', () => {
  it('finds and removes what a dead process left, of its own installation only', async () => {
    const mine = dockerStage([{ name: 'a', script: 'true' }])
    const other = dockerStage([{ name: 'a', script: 'true' }])
    await Promise.all([engine.setup(mine), engine.setup(other)])
    await runNamed(engine, mine, 'a')
    const ref = { stageId: 1, attempt: 1 }
    expect(await engine.leftovers(installationOf(mine))).toEqual([ref])
    await engine.remove(installationOf(mine), ref)
    expect(await engine.leftovers(installationOf(mine))).toEqual([])
    expect(await engine.leftovers(installationOf(other))).toEqual([ref])
    await engine.destroy(other)
    await engine.destroy(other)
    await engine.destroy(mine)
    expect(await engine.leftovers(installationOf(other))).toEqual([])
  })

  it('kills what still runs, a service and a step in a shared namespace', async () => {
    const spec = dockerStage([
      { name: 'a', script: 'echo up; sleep 60', namespace: 0 },
      { name: 'b', script: 'true', namespace: 0 },
    ])
    await engine.setup(spec)
    let isUp = false
    const running = runNamed(engine, spec, 'a', {
      output: {
        write: () => {
          isUp = true
        },
      },
    }).catch((error: unknown) => error)
    await waitUntil('the step to run', () => isUp)
    await engine.destroy(spec)
    await running
    expect(await engine.leftovers(installationOf(spec))).toEqual([])
  })

  it('sets up again what is already there', async () => {
    const spec = dockerStage([
      { name: 'a', script: 'true', namespace: 0 },
      { name: 'b', script: 'true', namespace: 0 },
    ])
    await engine.setup(spec)
    const second = createDockerEngine({ socketPath: docker.socket, log: silentLogger })
    await second.setup(spec)
    expect((await runNamed(second, spec, 'a')).code).toBe(0)
    await second.close()
    await engine.destroy(spec)
  })

  it('replaces a container that a dead process made for the same step', async () => {
    await inStage([{ name: 'one', script: 'echo new' }], async (spec) => {
      const step = spec.steps[0]
      await client.call('POST', '/containers/create', {
        query: { name: `${step?.id}-1` },
        body: { Image: 'waggle/busybox:1', Labels: step?.labels },
      })
      expect((await runNamed(engine, spec, 'one')).text).toBe('new\n')
    })
  })

  it('leaves a stranger with the same name alone', async () => {
    await inStage([{ name: 'one', script: 'echo new' }], async (spec) => {
      const name = `${spec.steps[0]?.id}-1`
      await client.call('POST', '/containers/create', {
        query: { name },
        body: { Image: 'waggle/busybox:1' },
      })
      await expect(runNamed(engine, spec, 'one')).rejects.toMatchObject({
        code: 'container_foreign',
      })
      await client.call('DELETE', `/containers/${name}`)
    })
  })
})
