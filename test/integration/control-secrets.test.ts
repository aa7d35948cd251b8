// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import { randomUUID } from 'node:crypto'
import {
  acceptStage,
  encryptForFile,
  orgSecretPlace,
  repoSecretPlace,
  secretPlace,
  signFile,
} from '@waggle/control'
import { makeHook, type NewRepo, type Repo } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built } from './lease-of.ts'
import { openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl()
})
afterAll(() => control.close())

/** A repository with a key of its own, in a namespace of its own. */
const keyedRepo = (more: Partial<NewRepo> = {}): Promise<Repo> => {
  const [uid, namespace] = [randomUUID(), `org-${randomUUID()}`]
  const key = randomUUID().replaceAll('-', '')
  return control.repo({
    uid,
    namespace,
    slug: `${namespace}/app`,
    secretSealed: control.deps.sealer.seal(key, repoSecretPlace(uid)),
    ...more,
  })
}

const exposures = {
  plain: { pullRequest: false, forks: false },
  request: { pullRequest: true, forks: false },
  fork: { pullRequest: false, forks: true },
}

/** One secret of each exposure, in the repository and in its namespace. */
const seedSecrets = async (repo: Repo): Promise<void> => {
  const { database, deps } = control
  for (const [kind, exposure] of Object.entries(exposures)) {
    const own = `repo_${kind}`
    await database.secrets.create({
      ...{ ...exposure, repoId: repo.id, name: own, pullRequestPush: false },
      dataSealed: deps.sealer.seal(own, secretPlace(repo.id, own)),
    })
    const shared = `org_${kind}`
    await database.orgSecrets.create({
      ...{ ...exposure, namespace: repo.namespace, name: shared, pullRequestPush: false },
      dataSealed: deps.sealer.seal(shared, orgSecretPlace(repo.namespace, shared)),
    })
  }
}

const naming = (names: readonly string[]): string => {
  const variables = names.map((name, index) => `V${index}: { from_secret: "${name}" }`)
  return pipeline('a').replace(
    '  commands:',
    `  environment: { ${variables.join(', ')} }\n  commands:`,
  )
}

const namesGiven = async (
  repo: Repo,
  text: string,
  hook: Parameters<typeof makeHook>[0],
  environment?: Record<string, string>,
): Promise<string[]> => {
  const base = { trigger: 'ann', event: 'push', ref: 'refs/heads/main', target: 'main' } as const
  const { stage } = built(
    await control.submit(repo, text, { hook: makeHook({ ...base, ...hook }) }),
  )
  const question = { attempt: 1, requestId: randomUUID(), environment }
  const answer = await acceptStage(control.deps, await control.worker(), stage.id, question)
  if (answer.kind !== 'accepted') throw new Error(answer.code)
  return answer.given.secrets.map((secret) => secret.name).sort()
}

const everyName = ['repo', 'org'].flatMap((where) =>
  Object.keys(exposures).map((kind) => `${where}_${kind}`),
)

describe('what a build gets by its origin (threats C.1)', () => {
  const request = { event: 'pull_request', ref: 'refs/pull/1/head' } as const
  const all = [...everyName].sort()
  const marked = ['doc', 'org_request', 'repo_request']
  const forks = ['org_fork', 'repo_fork']
  it.each([
    ['a push', {}, ['doc', ...all]],
    ['a tag', { event: 'tag', ref: 'refs/tags/v1' }, ['doc', ...all]],
    ['a cron', { event: 'cron', trigger: '@cron', cron: 'nightly' }, ['doc', ...all]],
    ['a promotion', { event: 'promote', deployTo: 'prod' }, ['doc', ...all]],
    ['a pull request of the repository', { ...request, fork: 'OWN' }, marked],
    ['a call for the ref of a stranger', { event: 'custom', ref: 'refs/pull/1/head' }, forks],
    ['a promoted pull request', { event: 'promote', ref: 'refs/heads/x', fork: 'OWN' }, marked],
    ['a promoted fork', { event: 'promote', ref: 'refs/heads/x', fork: 'evil/app' }, forks],
  ] as const)('%s gets what its row says', async (_, hook, expected) => {
    const repo = await keyedRepo({ private: true, visibility: 'private' })
    await seedSecrets(repo)
    const document = `---\nkind: secret\nname: doc\ndata: ${encryptForFile(control.deps, repo, 'x')}\n`
    const text = `${naming([...everyName, 'doc'])}${document}`
    const fork = 'fork' in hook && hook.fork === 'OWN' ? repo.slug : 'fork' in hook ? hook.fork : ''
    expect(await namesGiven(repo, text, { ...hook, fork })).toEqual([...expected])
  })

  it('keeps documents of a public repository from its pull requests', async () => {
    const repo = await keyedRepo({ private: false, visibility: 'public' })
    const data = encryptForFile(control.deps, repo, 'x')
    const text = `${naming(['doc'])}---\nkind: secret\nname: doc\ndata: ${data}\n`
    expect(await namesGiven(repo, text, {})).toEqual(['doc'])
    expect(await namesGiven(repo, text, { ...request, fork: repo.slug })).toEqual([])
  })
})

describe('where secrets come from', () => {
  it('takes the repository before its namespace, and that before the file', async () => {
    const repo = await keyedRepo()
    const { database, deps } = control
    const secret = { name: 'token', pullRequest: false, pullRequestPush: false, forks: false }
    const place = orgSecretPlace(repo.namespace, 'token')
    const namespace = repo.namespace.toUpperCase()
    const dataSealed = deps.sealer.seal('of the namespace', place)
    await database.orgSecrets.create({ ...secret, namespace, dataSealed })
    const data = encryptForFile(deps, repo, 'of the file')
    const text = `${naming(['TOKEN', 'token'])}---\nkind: secret\nname: token\ndata: ${data}\n`
    const values = async () => {
      const { stage } = built(await control.submit(repo, text))
      const question = { attempt: 1, requestId: randomUUID() }
      const answer = await acceptStage(deps, await control.worker(), stage.id, question)
      if (answer.kind !== 'accepted') throw new Error(answer.code)
      return answer.given.secrets.map(({ value, isExact }) => [value, isExact === true])
    }
    const file = ['of the file', true]
    expect(await values()).toEqual([['of the namespace', false], file])
    await database.secrets.create({
      ...{ ...secret, repoId: repo.id },
      dataSealed: deps.sealer.seal('of the repository', secretPlace(repo.id, 'token')),
    })
    expect(await values()).toEqual([['of the repository', false], file])
  })

  it('passes over a document that another repository encrypted', async () => {
    const [repo, other] = [await keyedRepo(), await keyedRepo()]
    const data = encryptForFile(control.deps, other, 'x')
    const text = `${naming(['doc'])}---\nkind: secret\nname: doc\ndata: ${data}\n`
    expect(await namesGiven(repo, text, {})).toEqual([])
  })

  it("finds a name that is made of the worker's variables, for that worker only", async () => {
    const repo = await keyedRepo()
    await seedSecrets(repo)
    const text = naming(['repo_${KIND}'])
    expect(await namesGiven(repo, text, {}, { KIND: 'plain' })).toEqual(['repo_plain'])
    expect(await namesGiven(repo, text, {}, { KIND: 'other' })).toEqual([])
    expect(await namesGiven(repo, text, {})).toEqual([])
    // What the build says beats what the worker says.
    expect(await namesGiven(repo, text, { params: { KIND: 'fork' } }, { KIND: 'plain' })).toEqual([
      'repo_fork',
    ])
  })
})

describe('the credential that steps clone with', () => {
  it('is given at accept, and kept with the rest of the answer', async () => {
    const cloneAccount = { username: 'ci', password: 'git-token', always: false }
    const repo = await keyedRepo({ private: true, gitHttpUrl: 'https://git.example/a/b.git' })
    const { stage } = built(await control.submit(repo, pipeline('a')))
    const question = { attempt: 1, requestId: randomUUID() }
    const worker = await control.worker()
    const deps = { ...control.deps, cloneAccount }
    const answers = [
      await acceptStage(deps, worker, stage.id, question),
      // Repeated at a server that has no account any more.
      await acceptStage(control.deps, worker, stage.id, question),
    ]
    const netrc = { machine: 'git.example', login: 'ci', password: 'git-token' }
    for (const answer of answers) expect(answer).toMatchObject({ given: { netrc } })
    const kept = await control.database.attempts.find(stage.id, 1)
    expect(Buffer.from(kept?.answerSealed ?? []).includes('git-token')).toBe(false)
  })
})

describe('a protected repository', () => {
  const statusOf = async (repo: Repo, text: string, trigger: string) => {
    const hook = makeHook({ trigger, event: 'push', ref: 'refs/heads/main', target: 'main' })
    return built(await control.submit(repo, text, { hook })).stages.map(({ status }) => status)
  }

  it('runs what a webhook brings only with its signature', async () => {
    const repo = await keyedRepo({ protected: true })
    const file = pipeline('a')
    const signed = `${file}---\nkind: signature\nhmac: ${await signFile(control.deps, repo, file)}\n`
    expect(await statusOf(repo, signed, '@hook')).toEqual(['pending'])
    expect(await statusOf(repo, file, '@hook')).toEqual(['blocked'])
    expect(await statusOf(repo, signed.replace('hello', 'evil'), '@hook')).toEqual(['blocked'])
    expect(await statusOf(repo, `${pipeline('b')}---\n${signed}`, '@hook')).toEqual([
      'blocked',
      'blocked',
    ])
  })

  it('does not take the signature of another repository, nor any without a key', async () => {
    const other = await keyedRepo()
    const file = pipeline('a')
    const signed = `${file}---\nkind: signature\nhmac: ${await signFile(control.deps, other, file)}\n`
    expect(await statusOf(await keyedRepo({ protected: true }), signed, '@hook')).toEqual([
      'blocked',
    ])
    const bare = await control.repo({ protected: true })
    expect(await statusOf(bare, signed, '@hook')).toEqual(['blocked'])
  })

  it('asks no signature of what a person starts', async () => {
    const repo = await keyedRepo({ protected: true })
    expect(await statusOf(repo, pipeline('a'), 'ann')).toEqual(['pending'])
  })
})
