// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import { randomUUID } from 'node:crypto'
import { acceptStage, repoSecretPlace, secretPlace, submitBuild } from '@waggle/control'
import {
  type Build,
  type Extensions,
  makeHook,
  type NewRepo,
  type Repo,
  type User,
} from '@waggle/domain'
import { createExtensions } from '@waggle/extensions'
import { answerJson, type OutsideService, startOutsideService } from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { built } from './lease-of.ts'
import { openControl, pipeline, type TestControl } from './open-control.ts'

const secret = 'extension secret of 32 bytes....'
let control: TestControl
const services: OutsideService[] = []

beforeAll(async () => {
  control = await openControl()
})
afterEach(async () => {
  for (const service of services.splice(0)) await service.close()
})
afterAll(() => control.close())

type Kind = 'config' | 'convert' | 'validate' | 'secret' | 'registry' | 'environment'
type Answers = { readonly [K in Kind]?: Parameters<typeof startOutsideService>[1] }

const shapes = {
  repo: ({ slug }: Repo) => ({ slug }),
  build: ({ id, number, event, after, sourceRepo }: Build) => ({
    ...{ id, number, event, after },
    source_repo: sourceRepo,
  }),
  user: ({ login }: User) => ({ login }),
}

/** Control with these services, each a real server of its own. */
const withServices = async (answers: Answers) => {
  const asked = new Map<Kind, OutsideService>()
  for (const [kind, answer] of Object.entries(answers)) {
    const service = await startOutsideService(secret, answer)
    services.push(service)
    asked.set(kind as Kind, service)
  }
  const endpoints = [...asked].map(([kind, { url }]) => {
    const endpoint = { url, secret, skipVerify: false, timeoutMs: 2_000 }
    return [kind, { ...endpoint, pathEnding: '', cacheSize: 10 }]
  })
  const extensions: Extensions = createExtensions({
    ...{ shapes, allowPrivate: true, isEncrypted: false },
    ...Object.fromEntries(endpoints),
  })
  const deps = { ...control.deps, extensions }
  const calls = (kind: Kind) => asked.get(kind)?.calls ?? []
  return { own: { ...control, deps } satisfies TestControl, deps, calls }
}

const commit = 'c'.repeat(40)

const push = { trigger: '@hook', event: 'push', ref: 'refs/heads/main', target: 'main' } as const
const submit = async (
  { deps }: Awaited<ReturnType<typeof withServices>>,
  hook: Parameters<typeof makeHook>[0] = {},
  text?: string,
  more: Partial<NewRepo> = {},
) => {
  const repo = await control.repo({ ...(await keys()), ...more })
  const result = await submitBuild(deps, {
    repo,
    hook: makeHook({ ...push, after: commit, ...hook }),
    cloneUrl: '',
    manifest: text === undefined ? 'fetch' : { text },
    resolve: false,
  })
  return { repo, result }
}

const keys = async (): Promise<Partial<NewRepo>> => {
  const uid = randomUUID()
  return { uid, secretSealed: control.deps.sealer.seal('k'.repeat(32), repoSecretPlace(uid)) }
}

describe('the configuration extension', () => {
  it('gives the file before the repository is asked, and is told no number', async () => {
    const test = await withServices({ config: answerJson({ data: pipeline('far') }) })
    const { result } = await submit(test)
    expect(built(result).stage.name).toBe('far')
    expect(test.calls('config')).toMatchObject([
      { body: { build: { id: 0, number: 0, after: commit }, token: { access: '' } } },
    ])
    expect(test.calls('config')[0]?.signed).not.toBeNull()
    const { build } = built(result)
    expect(await control.database.builds.findManifest(build.id)).toBe(pipeline('far'))
  })

  it('leaves it to the repository by 204, and is not asked where the text was given', async () => {
    const test = await withServices({ config: answerJson(undefined, 204) })
    const fetched = await submit(test)
    expect(fetched.result).toMatchObject({ build: { status: 'error' } })
    expect(built((await submit(test, {}, pipeline('given'))).result).stage.name).toBe('given')
    expect(test.calls('config')).toHaveLength(1)
  })

  it.each([
    ['refuses', answerJson({ message: 'who is that' }, 400)],
    ['is broken', answerJson('?')],
    ['hangs', () => undefined],
  ])(
    'that %s makes no build',
    async (_, config) => {
      const test = await withServices({ config })
      const repo = await control.repo()
      const request = { repo, cloneUrl: '', manifest: 'fetch', resolve: false } as const
      const hook = makeHook({ ...push, after: commit })
      await expect(
        submitBuild(test.deps, { ...request, hook, deliveryKey: 'd1' }),
      ).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringMatching(/^configuration: config extension: /) as string,
      })
      expect(await control.database.builds.list(repo.id, {}, { offset: 0, limit: 1 })).toEqual([])
      expect((await control.database.repos.find(repo.id))?.counter).toBe(0)
    },
    10_000,
  )
})

describe('the conversion extension', () => {
  it('turns what the configuration extension gave into a pipeline file', async () => {
    const test = await withServices({
      config: answerJson({ data: 'stages = 1' }),
      convert: (call, answer) => {
        const { data } = call.body['config'] as { data: string }
        answerJson({ data: data === 'stages = 1' ? pipeline('made') : '' })(call, answer)
      },
    })
    expect(built((await submit(test)).result).stage.name).toBe('made')
    expect(test.calls('convert')[0]).toMatchObject({ body: { build: { event: 'push' } } })
  })

  it.each([
    ['refuses', answerJson({ message: 'line 3 is odd' }, 400), /line 3 is odd/],
    ['hangs', () => undefined, /no answer within 2 seconds/],
  ])(
    'that %s is an error of the build',
    async (_, convert, error) => {
      const { result } = await submit(await withServices({ convert }), {}, 'x')
      expect(result).toMatchObject({ kind: 'built', stages: [], build: { status: 'error' } })
      expect(result.kind === 'built' && result.build.error).toMatch(error)
    },
    10_000,
  )
})

describe('the validation extension', () => {
  const validating = (status: number, body?: unknown) =>
    withServices({ validate: answerJson(body, status) })
  const statuses = async (status: number, hook: Parameters<typeof makeHook>[0] = {}) => {
    const { result } = await submit(await validating(status), hook, pipeline('a'))
    return built(result).stages.map((stage) => stage.status)
  }

  it('sees the text, and lets it pass', async () => {
    const test = await validating(200)
    const { result } = await submit(test, {}, pipeline('a'))
    expect(built(result).stage.status).toBe('pending')
    expect(test.calls('validate')).toMatchObject([{ body: { config: { data: pipeline('a') } } }])
  })

  it('blocks every stage, whoever started the build', async () => {
    expect(await statuses(499)).toEqual(['blocked'])
    expect(await statuses(499, { trigger: 'ann', event: 'custom' })).toEqual(['blocked'])
  })

  it('skips with its reason', async () => {
    const test = await validating(498, { message: 'frozen' })
    const { repo, result } = await submit(test, {}, pipeline('a'))
    expect(result).toEqual({ kind: 'skipped', reason: 'validation extension: frozen' })
    expect((await control.database.repos.find(repo.id))?.counter).toBe(0)
  })

  it('refuses with its words, and so does one that cannot be reached', async () => {
    const refused = await submit(
      await validating(400, { code: 400, message: 'no' }),
      {},
      pipeline('a'),
    )
    expect(refused.result).toMatchObject({ build: { status: 'error', error: 'no' } })
    const test = await withServices({ validate: (_, answer) => answer.destroy() })
    const gone = await submit(test, {}, pipeline('a'))
    const error = expect.stringContaining('validate extension: no answer') as string
    expect(gone.result).toMatchObject({ build: { status: 'error', error } })
  })
})

const asks = (...names: readonly string[]): string => {
  const variables = names.map((name, index) => `V${index}: { from_secret: ${name} }`)
  const documents = ['far', 'pr', 'forks', 'unasked'].map(
    (name) => `---\nkind: secret\nname: ${name}\nget: { path: ci/db, name: ${name} }\n`,
  )
  const file = pipeline('a').replace(
    '  commands:',
    `  environment: { ${variables.join(', ')} }\n  commands:`,
  )
  return file + documents.join('')
}

/** Answers with flags that are in the name. */
const secretsService: Answers['secret'] = (call, answer) => {
  const name = String(call.body['name'])
  const flags = { pull_request: name === 'pr', forks: name === 'forks' }
  answerJson({ name, data: `value of ${name}`, ...flags })(call, answer)
}

const give = async (
  test: Awaited<ReturnType<typeof withServices>>,
  text: string,
  hook: Parameters<typeof makeHook>[0] = {},
  slugAsFork = false,
) => {
  const repo = await control.repo(await keys())
  const fork = slugAsFork ? repo.slug : (hook.fork ?? '')
  const result = await submitBuild(test.deps, {
    repo,
    hook: makeHook({ ...push, trigger: 'ann', ...hook, fork }),
    cloneUrl: '',
    manifest: { text },
    resolve: false,
  })
  const { stage } = built(result)
  return { repo, stage, accept: () => accept(test, stage.id) }
}

const accept = async ({ deps }: Awaited<ReturnType<typeof withServices>>, stageId: number) => {
  const worker = await control.worker()
  const question = { attempt: 1, requestId: randomUUID() }
  const answer = await acceptStage(deps, worker, stageId, question)
  if (answer.kind !== 'accepted') throw new Error(answer.code)
  return answer.given
}

describe('the secret extension', () => {
  it.each([
    ['a push', {}, false, ['far', 'forks', 'pr']],
    ['a pull request', { event: 'pull_request', ref: 'refs/pull/1/head' }, true, ['pr']],
    ['a promoted fork', { event: 'promote', fork: 'evil/app' }, false, ['forks']],
  ] as const)('gives %s what its answers allow', async (_, hook, isOwn, expected) => {
    const test = await withServices({ secret: secretsService })
    const { accept } = await give(test, asks('far', 'pr', 'forks', 'nowhere'), hook, isOwn)
    const { secrets } = await accept()
    expect(secrets.map(({ name }) => name).sort()).toEqual([...expected])
    for (const one of secrets) expect(one).toMatchObject({ isExact: true, isExternal: true })
    expect(test.calls('secret').map(({ body }) => body['name'])).not.toContain('unasked')
    expect(test.calls('secret')[0]).toMatchObject({ body: { path: 'ci/db', name: 'far' } })
  })

  it('is asked only for what no other source has, and its failure is a missing secret', async () => {
    const test = await withServices({
      secret: (call, answer) =>
        call.body['name'] === 'far' ? answer.destroy() : secretsService(call, answer),
    })
    const { repo, accept } = await give(test, asks('far', 'pr', 'forks'))
    await control.database.secrets.create({
      ...{ repoId: repo.id, name: 'PR', pullRequest: false, pullRequestPush: false, forks: false },
      dataSealed: control.deps.sealer.seal('own', secretPlace(repo.id, 'PR')),
    })
    const { secrets } = await accept()
    expect(secrets.map(({ name, value }) => [name, value])).toEqual([
      ['PR', 'own'],
      ['forks', 'value of forks'],
    ])
    expect(test.calls('secret').map(({ body }) => body['name'])).toEqual(['far', 'forks'])
  })

  it('is asked once by an accept that is repeated while it thinks', async () => {
    let release: () => void = () => undefined
    const open = new Promise<void>((resolve) => {
      release = resolve
    })
    const test = await withServices({
      secret: (call, answer) => void open.then(() => secretsService(call, answer)),
    })
    const { stage } = await give(test, asks('far'))
    const worker = await control.worker()
    const question = { attempt: 1, requestId: randomUUID() }
    const both = [1, 2].map(() => acceptStage(test.deps, worker, stage.id, question))
    while (test.calls('secret').length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    release()
    const [first, second] = await Promise.all(both)
    expect(first).toEqual(second)
    expect(first).toMatchObject({
      kind: 'accepted',
      given: { secrets: [{ value: 'value of far' }] },
    })
    expect(test.calls('secret')).toHaveLength(1)
  })
})

describe('registry and environment extensions', () => {
  const registries = [{ address: 'r.example', username: 'u', password: 'p' }]
  const variables = [
    { name: 'REGION', data: 'north' },
    { name: 'TOKEN', data: 'hush', mask: true },
  ]
  const [plain, masked] = [
    { name: 'REGION', value: 'north', isMasked: false },
    { name: 'TOKEN', value: 'hush', isMasked: true },
  ]

  it('give to a stage what it is given, and to a fork nothing secret', async () => {
    const test = await withServices({
      registry: answerJson(registries),
      environment: answerJson(variables),
    })
    const own = await (await give(test, pipeline('a'))).accept()
    expect(own.external).toEqual({ environment: [plain, masked], registries })
    expect(test.calls('environment')[0]).toMatchObject({ body: { build: { number: 1 } } })
    const fork = await (
      await give(test, pipeline('a'), { event: 'promote', fork: 'evil/app' })
    ).accept()
    expect(fork.external).toEqual({ environment: [plain], registries: [] })
    expect(test.calls('registry')).toHaveLength(1)
  })

  it('that fail give nothing, and the stage runs', async () => {
    const test = await withServices({
      registry: answerJson(undefined, 500),
      environment: () => undefined,
    })
    const given = await (await give(test, pipeline('a'))).accept()
    expect(given.external).toEqual({ environment: [], registries: [], isRegistryLost: true })
  })

  it('name no secrets by their variables, which are no part of substitution', async () => {
    const test = await withServices({
      environment: answerJson([{ name: 'WHICH', data: 'pr' }]),
      secret: secretsService,
    })
    const { accept } = await give(test, asks('"${WHICH:-far}"'))
    expect((await accept()).secrets).toMatchObject([{ name: 'far' }])
  })
})
