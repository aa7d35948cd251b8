import type { Build, Repo, Stage, Step } from '@waggle/domain'
import { expect, test } from 'vitest'
import { buildShape } from './build-shape.ts'
import { repoShape } from './repo-shape.ts'
import { secretShape } from './secret-shape.ts'
import { stageRowShape } from './stage-row-shape.ts'
import { stageShape } from './stage-shape.ts'
import { stepShape } from './step-shape.ts'

const repo: Repo = {
  id: 1,
  uid: 'u',
  namespace: 'o',
  name: 'n',
  slug: 'o/n',
  gitHttpUrl: 'https://example.com/o/n.git',
  gitSshUrl: '',
  link: '',
  defaultBranch: 'main',
  private: true,
  visibility: 'private',
  active: true,
  configPath: '.drone.yml',
  trusted: false,
  protected: false,
  ignoreForks: false,
  ignorePullRequests: false,
  autoCancelPushes: false,
  autoCancelPullRequests: false,
  autoCancelRunning: false,
  timeoutMinutes: 60,
  throttle: 0,
  priority: 0,
  counter: 4,
  signerSealed: Buffer.from('signer'),
  secretSealed: Buffer.from('secret'),
  createdAt: 1_700_000_000_999,
  updatedAt: 1_700_000_001_000,
  version: 2,
}

const build: Build = {
  id: 5,
  repoId: 1,
  number: 4,
  status: 'running',
  error: '',
  trigger: '@hook',
  event: 'push',
  action: '',
  link: '',
  title: '',
  message: 'm',
  before: '',
  after: 'a'.repeat(40),
  ref: 'refs/heads/main',
  source: 'main',
  target: 'main',
  sourceRepo: '',
  cloneUrl: 'https://example.com/o/n.git',
  author: 'ada',
  authorName: 'Ada',
  authorEmail: 'ada@example.com',
  authorAvatar: '',
  sender: 'ada',
  deployTo: '',
  deployId: 0,
  cron: '',
  parent: 0,
  debug: false,
  params: {},
  startedAt: 0,
  finishedAt: 0,
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000,
  version: 1,
}

const stage: Stage = {
  id: 6,
  repoId: 1,
  buildId: 5,
  number: 1,
  name: 'default',
  kind: 'pipeline',
  type: 'docker',
  status: 'pending',
  error: '',
  errIgnore: false,
  exitCode: 0,
  machine: '',
  os: 'linux',
  arch: 'amd64',
  variant: '',
  kernel: '',
  labels: {},
  limit: 0,
  throttle: 0,
  onSuccess: true,
  onFailure: false,
  isLimited: false,
  placeUntil: 0,
  priority: 0,
  band: 0,
  startTag: 0,
  queueNumber: 1,
  dependsOn: [],
  partition: 'p',
  attempt: 0,
  isHeld: false,
  retryLimit: 0,
  retryOn: [],
  retries: 0,
  startedAt: 0,
  stoppedAt: 0,
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000,
  version: 1,
}

const step: Step = {
  id: 7,
  stageId: 6,
  number: 1,
  name: 'clone',
  status: 'pending',
  error: '',
  errIgnore: false,
  exitCode: 0,
  image: '',
  detached: false,
  dependsOn: [],
  grantedTry: 0,
  startedAt: 0,
  stoppedAt: 0,
  schema: '',
  version: 1,
}

const without = (value: object, names: readonly string[]) =>
  expect(Object.keys(value).filter((name) => names.includes(name))).toEqual([])

test('a repository shows its times in seconds and none of its keys', () => {
  const shape = repoShape(repo)
  expect(shape).toMatchObject({ created: 1_700_000_000, timeout: 60, counter: 4, archived: false })
  without(shape, ['throttle', 'priority', 'build', 'permissions', 'signer', 'secret'])
  expect(JSON.stringify(shape)).not.toContain('igner')
  expect(repoShape({ ...repo, throttle: 2 })).toMatchObject({ throttle: 2 })
  expect(repoShape({ ...repo, priority: -2 })).toMatchObject({ priority: -2 })
})

test('a build leaves out what is empty and keeps the rest', () => {
  const shape = buildShape(build)
  expect(shape).toMatchObject({ timestamp: 0, started: 0, before: '', source_repo: '', action: '' })
  without(shape, ['parent', 'error', 'title', 'params', 'cron', 'deploy_to', 'deploy_id', 'debug'])
  without(shape, ['stages', 'clone_url'])
  expect(buildShape({ ...build, parent: 3, params: { a: 'b' }, error: 'e' })).toMatchObject({
    parent: 3,
    params: { a: 'b' },
    error: 'e',
  })
})

test('a stage and a step leave out what is empty and keep the rest', () => {
  const shape = stageShape(stage)
  expect(shape).toMatchObject({ errignore: false, exit_code: 0, on_success: true, os: 'linux' })
  without(shape, ['error', 'machine', 'variant', 'limit', 'depends_on', 'labels', 'steps'])
  const small = stepShape(step)
  expect(small).toEqual({
    id: 7,
    step_id: 6,
    number: 1,
    name: 'clone',
    status: 'pending',
    exit_code: 0,
    version: 1,
  })
})

test('a secret never shows its value, nor that it is not for pull requests', () => {
  const secret = {
    id: 1,
    repoId: 1,
    name: 'password',
    dataSealed: Buffer.from('x'),
    pullRequest: false,
    pullRequestPush: false,
    forks: false,
    createdAt: 0,
    updatedAt: 0,
  }
  expect(secretShape(secret)).toEqual({ id: 1, repo_id: 1, name: 'password' })
  expect(secretShape({ ...secret, pullRequest: true })).toMatchObject({ pull_request: true })
})

test('the flat row of a stage shows its limits as texts', () => {
  expect(stageRowShape(repo, build, stage)).toMatchObject({
    stage_limit: '0',
    stage_limit_repo: '0',
    repo_slug: 'o/n',
    build_number: 4,
  })
})
