import { createCipheriv } from 'node:crypto'
import { makeHook } from '@waggle/domain'
import { describe, expect, test } from 'vitest'
import { explainPlan, type PlanQuestion } from './explain-plan.ts'
import { planShape } from './plan-shape.ts'

const repo: PlanQuestion['repo'] = {
  id: 1,
  uid: 'u',
  namespace: 'acme',
  name: 'app',
  slug: 'acme/app',
  gitHttpUrl: 'https://git.example/acme/app.git',
  gitSshUrl: '',
  link: '',
  defaultBranch: 'main',
  private: true,
  visibility: 'private',
  trusted: false,
  protected: false,
  timeoutMinutes: 60,
  throttle: 0,
  counter: 7,
}

const explain = (text: string, more: Partial<PlanQuestion> = {}) =>
  explainPlan({
    text,
    hook: makeHook({ event: 'push', trigger: '@hook', ref: 'refs/heads/main', target: 'main' }),
    repo,
    cloneUrl: repo.gitHttpUrl,
    secrets: [
      { name: 'TOKEN', pullRequest: false, forks: false },
      { name: 'open', pullRequest: true, forks: false },
      { name: 'gone', pullRequest: true, forks: true },
    ],
    system: { proto: 'https', host: 'ci.example', link: '', version: '1' },
    nowMs: 0,
    ...more,
  })

const pull = (fork: string) =>
  makeHook({
    event: 'pull_request',
    trigger: '@hook',
    ref: 'refs/pull/7/head',
    target: 'main',
    fork,
  })

const file = `
kind: pipeline
name: test
services:
- { name: db, image: 'redis:7' }
steps:
- name: unit
  image: node
  environment: { A: { from_secret: token }, B: { from_secret: open }, C: { from_secret: gone }, D: { from_secret: none } }
  commands: [ make ]
- name: image
  image: plugins/docker
  settings: { password: { from_secret: 'token' } }
  when: { branch: release/* }
- name: tell
  image: acme/tell
  when: { status: [ success, failure ] }
---
kind: pipeline
name: deploy
depends_on: [ test ]
trigger: { event: tag }
---
kind: pipeline
name: after
depends_on: [ deploy ]
trigger: { status: [ failure ] }
clone: { disable: true }
steps:
- { name: page, image: 'acme/page:1', commands: [ 'page \${DRONE_BRANCH}' ] }
`

describe('explainPlan', () => {
  test('says of each stage and step whether and when it runs, and by which rule not', async () => {
    const { stages, skipped, reason } = await explain(file)
    expect(reason).toBe('')
    expect(skipped).toEqual([
      {
        name: 'deploy',
        rule: 'trigger.event',
        reason: 'trigger.event: push is not in [tag]',
      },
    ])
    expect(stages.map(({ name, status, dependsOn }) => [name, status, dependsOn])).toEqual([
      ['test', 'pending', []],
      ['after', 'waiting_on_dependencies', ['test']],
    ])
    const steps = stages[0]?.steps.map((step) => [step.number, step.name, step.role, step.runs])
    expect(steps).toEqual([
      [1, 'clone', 'clone', 'always'],
      [2, 'db', 'service', 'on-success'],
      [3, 'unit', 'step', 'on-success'],
      [0, 'image', 'step', 'never'],
      [4, 'tell', 'step', 'always'],
    ])
    expect(stages[0]?.steps[3]?.skipped).toBe('when.branch: main is not in [release/*]')
    expect(stages[1]).toMatchObject({ onSuccess: false, onFailure: true })
    expect(stages[1]?.steps.map((step) => step.name)).toEqual(['page'])
  })

  test.each([
    ['of its own repository', undefined, ['given', 'given', 'given', 'missing']],
    ['of a pull request', pull('acme/app'), ['withheld', 'given', 'given', 'missing']],
    ['of a fork', pull('stranger/app'), ['withheld', 'withheld', 'given', 'missing']],
    [
      'of a head repository that nobody named',
      pull(''),
      ['withheld', 'withheld', 'given', 'missing'],
    ],
  ])('shows which secrets a build %s exposes to which step', async (_, hook, states) => {
    const { stages } = await explain(file, hook ? { hook } : {})
    const unit = stages[0]?.steps.find((step) => step.name === 'unit')
    expect(unit?.secrets.map((secret) => secret.variable)).toEqual(['A', 'B', 'C', 'D'])
    expect(unit?.secrets.map((secret) => secret.state)).toEqual(states)
    const others = stages[0]?.steps.filter((step) => step.name !== 'unit')
    expect(others?.flatMap((step) => step.secrets)).toEqual([])
  })

  test('gives what the file itself holds where its key opens it, and not to a public pull request', async () => {
    const key = '12345678901234567890123456789012'
    const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(12))
    const sealed = [Buffer.alloc(12), cipher.update('value'), cipher.final(), cipher.getAuthTag()]
    const data = Buffer.concat(sealed).toString('base64')
    const text = `kind: pipeline
steps:
- name: a
  image: b
  environment: { A: { from_secret: own }, B: { from_secret: broken }, C: { from_secret: OWN } }
---
{ kind: secret, name: own, data: ${data} }
---
{ kind: secret, name: broken, data: ${Buffer.alloc(40).toString('base64')} }
`
    const states = async (more: Partial<PlanQuestion>) =>
      (await explain(text, more)).stages[0]?.steps[1]?.secrets.map((secret) => secret.state)
    expect(await states({ key })).toEqual(['given', 'missing', 'missing'])
    expect(await states({})).toEqual(['unknown', 'unknown', 'missing'])
    const open = { ...repo, private: false, visibility: 'public' as const }
    expect((await states({ key, repo: open, hook: pull('acme/app') }))?.[0]).toBe('withheld')
    expect((await states({ key, hook: pull('acme/app') }))?.[0]).toBe('given')
  })

  test('does not claim to know secrets that nobody listed', async () => {
    const { stages } = await explain(file, { secrets: null })
    expect(stages[0]?.steps[2]?.secrets[0]).toMatchObject({
      name: 'token',
      state: 'unknown',
      reason: 'given if the repository has it',
    })
  })

  test.each([
    ['a fork', pull('stranger/app'), false, 'fork'],
    ['a webhook of a protected repository', undefined, true, 'protected'],
  ])('says that %s waits for an approval', async (_, hook, isProtected, why) => {
    const { stages } = await explain(file, {
      ...(hook ? { hook } : {}),
      repo: { ...repo, protected: isProtected },
    })
    expect(stages.map((stage) => stage.status)).toEqual(['blocked', 'blocked'])
    expect(stages[0]?.blocked).toContain(why)
  })

  test('a signature frees what a webhook brings to a protected repository', async () => {
    const more = { repo: { ...repo, protected: true }, isSigned: () => true }
    expect((await explain(file, more)).stages[0]?.status).toBe('pending')
  })

  test.each([
    ['a directive', file, { message: 'fix [skip ci]' }, /skip directive/, false],
    ['no match', 'kind: pipeline\ntrigger: { branch: dev }', {}, /no pipeline matches/, false],
    ['an empty file', ' \n', {}, /empty/, true],
    ['a mistake', 'kind: pipeline\nsteps: 7', {}, /line 2/, true],
    ['a wrong dependency', 'kind: pipeline\ndepends_on: [ x ]', {}, /unknown pipeline dep/, true],
  ])('tells why %s builds nothing', async (_, text, more, reason, isError) => {
    const hook = makeHook({ event: 'push', target: 'main', ref: 'refs/heads/main', ...more })
    const report = await explain(text, { hook })
    expect(report.stages).toEqual([])
    expect(report.reason).toMatch(reason)
    expect(report.isError).toBe(isError)
  })

  test('shows what would end a stage before its first step', async () => {
    const text = 'kind: pipeline\nsteps:\n- { name: a, image: b, privileged: true }\n'
    expect((await explain(text)).stages[0]?.error).toContain('cannot enable privileged mode')
    const trusted = await explain(text, { repo: { ...repo, trusted: true } })
    expect(trusted.stages[0]).toMatchObject({ error: '', steps: [{}, { privileged: true }] })
    // Trust is for the repository's own events.
    const fork = await explain(text, {
      repo: { ...repo, trusted: true },
      hook: pull('stranger/app'),
    })
    expect(fork.stages[0]?.error).toContain('cannot enable privileged mode')
  })

  test('shows listed plugins as privileged, but never for a fork', async () => {
    const text = 'kind: pipeline\nsteps:\n- { name: a, image: plugins/docker }\n'
    expect((await explain(text)).stages[0]?.steps[1]?.privileged).toBe(true)
    const fork = await explain(text, { hook: pull('stranger/app') })
    expect(fork.stages[0]?.steps[1]?.privileged).toBe(false)
  })

  test('plans types that other workers serve, as they are written', async () => {
    const { stages } = await explain(
      'kind: pipeline\ntype: ssh\nsteps:\n- { name: a, commands: [ x ] }\n',
    )
    expect(stages[0]).toMatchObject({ type: 'ssh', error: '', steps: [{}, { name: 'a' }] })
  })

  test('has a shape whose names clients can rely on', async () => {
    const shape = planShape(await explain(file))
    expect(Object.keys(shape)).toEqual([
      'event',
      'ref',
      'branch',
      'origin',
      'would_build',
      'is_error',
      'reason',
      'stages',
      'skipped',
      'issues',
    ])
    expect(shape.stages[0]?.steps[2]).toMatchObject({
      depends_on: ['db'],
      secrets: [{ name: 'token', variable: 'A', state: 'given', reason: '' }, {}, {}, {}],
    })
  })
})
