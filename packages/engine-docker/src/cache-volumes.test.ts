import { randomUUID } from 'node:crypto'
import { type Engine, type SpecVolume, silentLogger } from '@waggle/domain'
import { dockerStage, runNamed, startDocker, type TestDocker, testImages } from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createDockerEngine } from './docker-engine.ts'
import { EngineClient } from './engine-client.ts'

let docker: TestDocker
let engine: Engine
let client: EngineClient
let owner = ''

beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
  engine = createDockerEngine({
    socketPath: docker.socket,
    log: silentLogger,
    copyImage: 'waggle/busybox:1',
  })
  client = new EngineClient(docker.socket)
}, 120_000)

afterEach(async () => {
  await engine.purgeCaches?.(owner, { maxAgeMs: -60_000, totalBytes: 0 })
})

afterAll(async () => {
  await engine?.close()
  client?.close()
  await docker?.stop()
})

const newOwner = (): string => {
  owner = `t${randomUUID().slice(0, 8)}`
  return owner
}

const cache = (scope: string, more: Partial<SpecVolume> = {}): SpecVolume =>
  ({
    kind: 'cache',
    id: `waggle-cache-${owner}-1-${scope}-abc`,
    name: 'modules',
    labels: { 'io.waggle.cache': owner },
    ...more,
  }) as SpecVolume

let stages = 0

/** A stage of its own that runs one script with the volume at `/cache`. */
const inStage = async (volume: SpecVolume, script: string): Promise<string> => {
  const mounts = [{ name: volume.name, path: '/cache' }]
  const spec = dockerStage([{ name: 'one', script, mounts, workingDir: '/' }], {
    stage: ++stages,
    volumes: [volume],
  })
  await engine.setup(spec)
  try {
    return (await runNamed(engine, spec, 'one')).text
  } finally {
    await engine.destroy(spec)
  }
}

const volumes = async (): Promise<readonly string[]> => {
  const filters = { name: [`waggle-cache-${owner}-`] }
  const { Volumes } = await client.call<{ Volumes: { Name: string }[] | null }>('GET', '/volumes', {
    query: { filters },
  })
  return (Volumes ?? []).map(({ Name }) => Name).sort()
}

it('outlives the stage that made it', async () => {
  newOwner()
  expect(await inStage(cache('own'), 'ls /cache; echo kept >/cache/file')).toBe('')
  expect(await inStage(cache('own'), 'cat /cache/file')).toBe('kept\n')
})

it('of a pull request begins as a copy, and what is written there stays there', async () => {
  newOwner()
  const request = cache('pr-1', { filledFrom: cache('own').id })
  await inStage(cache('own'), 'mkdir /cache/a; echo trusted >/cache/a/file')
  expect(await inStage(request, 'cat /cache/a/file; echo theirs >/cache/a/file')).toBe('trusted\n')
  expect(await inStage(request, 'cat /cache/a/file')).toBe('theirs\n')
  expect(await inStage(cache('own'), 'cat /cache/a/file')).toBe('trusted\n')
})

it('of a fork is a copy that goes with the stage', async () => {
  newOwner()
  const fork: SpecVolume = {
    kind: 'temp',
    id: `waggle-fork-${owner}`,
    name: 'modules',
    medium: '',
    sizeLimitBytes: 0,
    labels: {
      'io.waggle.installation': `i${owner}`,
      'io.waggle.stage': '1',
      'io.waggle.attempt': '1',
    },
    filledFrom: cache('own').id,
  }
  await inStage(cache('own'), 'echo trusted >/cache/file')
  const script = 'cat /cache/file; echo theirs >/cache/file; cat /cache/file'
  expect(await inStage(fork, script)).toBe('trusted\ntheirs\n')
  await client.call('DELETE', `/volumes/${fork.id}`)
  expect(await inStage(cache('own'), 'cat /cache/file')).toBe('trusted\n')
  expect(await volumes()).toEqual([cache('own').id, `${cache('own').id}-used`])
})

it('begins empty where there is nothing to copy', async () => {
  newOwner()
  const request = cache('pr-1', { filledFrom: cache('own').id })
  expect(await inStage(request, 'ls /cache; echo ok')).toBe('ok\n')
  // The source was not made by looking for it.
  expect(await volumes()).toEqual([request.id, `${request.id}-used`])
})

it('is purged by its age, its own before the machine’s, and with its mark', async () => {
  newOwner()
  const short = cache('own', {
    labels: { 'io.waggle.cache': owner, 'io.waggle.cache.max-age-ms': '1' },
  })
  await inStage(short, 'true')
  await inStage(cache('pr-1'), 'true')
  // The engine tells the time of a volume in whole seconds.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  expect(await engine.purgeCaches?.(owner, { maxAgeMs: 3_600_000, totalBytes: 0 })).toBe(1)
  expect(await volumes()).toEqual([cache('pr-1').id, `${cache('pr-1').id}-used`])
})

it('is purged by its size, the longest unused first where all are too much', async () => {
  newOwner()
  const write = (kb: number) => `dd if=/dev/zero of=/cache/file bs=1024 count=${kb} 2>/dev/null`
  const small = { 'io.waggle.cache': owner, 'io.waggle.cache.size-bytes': '1048576' }
  await inStage(cache('old'), write(2_048))
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await inStage(cache('new'), write(2_048))
  await inStage(cache('full', { labels: small }), write(2_048))
  const limits = { maxAgeMs: 3_600_000, totalBytes: 3 * 1_048_576 }
  expect(await engine.purgeCaches?.(owner, limits)).toBe(2)
  expect(await volumes()).toEqual([cache('new').id, `${cache('new').id}-used`])
})

it('stays while a container uses it', async () => {
  newOwner()
  const limits = { maxAgeMs: -60_000, totalBytes: 0 }
  const mounts = [{ name: 'modules', path: '/cache' }]
  const spec = dockerStage(
    [{ name: 'one', script: 'echo up; sleep 30', mounts, workingDir: '/' }],
    {
      stage: ++stages,
      volumes: [cache('own')],
    },
  )
  await engine.setup(spec)
  const up = Promise.withResolvers<void>()
  const running = runNamed(engine, spec, 'one', {
    killGraceMs: 0,
    output: { write: () => up.resolve() },
  }).catch(() => null)
  await up.promise
  expect(await engine.purgeCaches?.(owner, limits)).toBe(0)
  await engine.destroy(spec)
  await running
  expect(await engine.purgeCaches?.(owner, limits)).toBe(1)
})
