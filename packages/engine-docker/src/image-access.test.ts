import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Engine, silentLogger } from '@waggle/domain'
import {
  type DockerStep,
  dockerStage,
  makeSpecStep,
  runNamed,
  startDocker,
  type TestDocker,
} from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDockerEngine } from './docker-engine.ts'
import { EngineClient } from './engine-client.ts'
import { tinyImage } from './tiny-image.ts'

let docker: TestDocker
let engine: Engine
let client: EngineClient
let registry: Server | undefined
let address = ''
/** Who may pull; empty = everybody. */
let accounts: readonly string[] = []
/** Manifests that were asked for since the last look. */
let asked = 0
let image: RequestListener

beforeAll(async () => {
  docker = await startDocker()
  engine = createDockerEngine({ socketPath: docker.socket, log: silentLogger })
  client = new EngineClient(docker.socket)
  await engine.setup(stage)
}, 120_000)

afterAll(async () => {
  await engine?.destroy(stage)
  await engine?.close()
  client?.close()
  await docker?.stop()
})

const basic = (account: string): string => `Basic ${Buffer.from(account).toString('base64')}`

/** An image of its own for each test: marks belong to images. */
beforeEach(async () => {
  image = await tinyImage(client, `${Date.now()}-${Math.random()}`)
  asked = 0
  const server = createServer((request, response) => {
    const isKnown = accounts.map(basic).includes(request.headers.authorization ?? '')
    if (accounts.length > 0 && !isKnown) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end('{}')
      return
    }
    if (request.url?.includes('/manifests/')) asked++
    image(request, response)
  })
  registry = server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  await removeImage()
  registry?.closeAllConnections()
  registry?.close()
})

const name = () => `${address}/acme/private:1`

interface Found {
  readonly Id: string
  readonly RepoTags: readonly string[]
  readonly RepoDigests: readonly string[]
}
const inspect = () => client.call<Found>('GET', `/images/${encodeURIComponent(name())}/json`)

const removeImage = async () => {
  const found = await inspect().catch(() => null)
  if (found === null) return
  for (const tag of found.RepoTags)
    await client.call('DELETE', `/images/${encodeURIComponent(tag)}`, { query: { force: 'true' } })
}

/** One stage for all tests: a network costs a second. */
const stage = dockerStage([], { installation: `t${process.pid}t26`, volumes: [] })
let steps = 0

/** Runs the image as a step of that repository; how many manifests the registry was asked for, or why it did not run. */
const use = async (
  slug: string,
  account: string | null,
  more: Partial<DockerStep> = {},
): Promise<number | string> => {
  const [username = '', password = ''] = (account ?? '').split(':')
  const step = makeSpecStep({
    ...{ name: 'one', id: `${stage.network.id}-${++steps}`, image: name(), pull: 'if-not-exists' },
    entrypoint: ['/pause'],
    labels: { ...stage.network.labels, 'io.drone.repo.slug': slug },
    auth: account === null ? null : { address, username, password },
    ...more,
  })
  const before = asked
  const path = `/containers/${step.id}-1`
  try {
    const stop = new AbortController()
    await runNamed(engine, { ...stage, steps: [step] }, 'one', {
      ...{ signal: stop.signal, killGraceMs: 20, onStarted: () => stop.abort() },
    })
    return asked - before
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  } finally {
    // An image that a container uses is not removed.
    await client.call('DELETE', path, { query: { force: 'true' } }).catch(() => undefined)
  }
}

const pulled = 2 // HEAD and GET of the manifest

describe('T-26 an image that was pulled with credentials', () => {
  it('is for those who have pulled it with credentials of their own', async () => {
    accounts = ['ana:a', 'bo:b']
    expect(await use('acme/a', 'ana:a')).toBeGreaterThan(0)
    // The repository that pulled it goes on without the registry.
    expect(await use('acme/a', 'ana:a')).toBe(0)
    expect(await use('acme/b', null)).toBe('image_not_pulled')
    expect(await use('acme/b', 'bo:wrong')).toBe('image_not_pulled')
    expect(await use('acme/b', 'bo:b')).toBeGreaterThan(0)
    expect(await use('acme/b', 'bo:b')).toBe(0)
    expect(await use('acme/a', 'ana:a')).toBe(0)
  })

  it("is not for another repository's credentials that were never asked, nor for builds that get none", async () => {
    accounts = ['ana:a']
    await use('acme/a', 'ana:a')
    expect(await use('acme/a', null)).toBe('image_not_pulled')
    expect(await use('acme/other', 'ana:a')).toBeGreaterThan(0)
    accounts = ['ana:new']
    expect(await use('acme/third', 'ana:a')).toBe('image_not_pulled')
  })

  it('cannot be had by its digest, by its id or by its marks', async () => {
    accounts = ['ana:a']
    await use('acme/a', 'ana:a')
    const { Id, RepoTags, RepoDigests } = await inspect()
    const [mark] = RepoTags.filter((tag) => tag.startsWith('waggle/access/'))
    const bare = Id.slice('sha256:'.length)
    const names = [RepoDigests[0] ?? '', bare, mark ?? '', `docker.io/${mark}`]
    const refused: unknown[] = []
    for (const other of names) refused.push(await use('acme/b', null, { image: other }))
    expect(refused).toEqual([
      ...['image_not_pulled', 'image_not_pulled'],
      ...['image_not_allowed', 'image_not_allowed'],
    ])
    expect(await use('acme/a', 'ana:a', { image: RepoDigests[0] ?? '' })).toBe(0)
  })

  it('is refused in words where it may not be pulled', async () => {
    accounts = ['ana:a']
    await use('acme/a', 'ana:a')
    expect(await use('acme/b', null, { pull: 'never' })).toBe('image_not_allowed')
    expect(await use('acme/a', 'ana:a', { pull: 'never' })).toBe(0)
  })

  it('is free again once the registry gives it to anybody', async () => {
    accounts = ['ana:a']
    await use('acme/a', 'ana:a')
    accounts = []
    expect(await use('acme/b', null)).toBeGreaterThan(0)
    accounts = ['ana:a']
    expect(await use('acme/c', null)).toBe(0)
  })

  it('tells nobody the credentials by its marks, and loses them when a newer one takes its name', async () => {
    accounts = ['ana:a']
    await use('acme/a', 'ana:a')
    const { Id, RepoTags } = await inspect()
    const holder = '[0-9a-f]{16}-[0-9a-f]{32}'
    expect(RepoTags).toContainEqual(
      expect.stringMatching(new RegExp(`^waggle/access/[0-9a-f]{32}:${holder}$`)),
    )
    expect(RepoTags.join()).not.toContain('ana')
    image = await tinyImage(client, `newer ${Math.random()}`)
    expect(await use('acme/a', 'ana:a', { pull: 'always' })).toBe(pulled)
    const newer = await inspect()
    expect(newer.Id).not.toBe(Id)
    await expect(client.call('GET', `/images/${Id}/json`)).rejects.toMatchObject({
      kind: 'not_found',
    })
  })
})

describe('T-26 an image that needed no credentials', () => {
  it('stays unmarked, and everybody uses it', async () => {
    accounts = []
    await use('acme/a', null)
    expect((await inspect()).RepoTags).toEqual([name()])
    expect(await use('acme/b', null)).toBe(0)
    expect(await use('acme/b', 'bo:b')).toBe(0)
  })
})
