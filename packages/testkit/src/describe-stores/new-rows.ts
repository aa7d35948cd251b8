import { randomUUID } from 'node:crypto'
import {
  type Attempt,
  type Build,
  type Database,
  makeHook,
  type NewAttempt,
  type NewBuild,
  type NewDelivery,
  type NewRepo,
  type NewStage,
  type NewStep,
  type NewWorker,
  type Repo,
  type Stage,
  type Step,
} from '@waggle/domain'
import { plainProfile } from '../plain-profile.ts'

/** Gives the database of a suite that is running. */
export type OpenDatabase = () => Database

export const newRepo = (known: Partial<NewRepo> = {}): NewRepo => {
  const name = randomUUID()
  return {
    uid: '',
    namespace: 'acme',
    name,
    slug: `acme/${name}`,
    gitHttpUrl: 'https://git.example/acme/app.git',
    gitSshUrl: '',
    link: '',
    defaultBranch: 'main',
    private: true,
    visibility: 'private',
    active: true,
    configPath: '.drone.yml',
    trusted: false,
    protected: false,
    timeoutMinutes: 60,
    throttle: 0,
    signerSealed: Uint8Array.of(1, 0, 255),
    secretSealed: new Uint8Array(),
    ...known,
  }
}

export const newBuild = (
  repoId: number,
  number: number,
  known: Partial<NewBuild> = {},
): NewBuild => {
  const { fork, ...hook } = makeHook({ event: 'push', ref: 'refs/heads/main', after: 'c0ffee' })
  return {
    ...hook,
    sourceRepo: fork,
    repoId,
    number,
    status: 'pending',
    error: '',
    cloneUrl: '',
    startedAt: 0,
    finishedAt: 0,
    ...known,
  }
}

export const newStage = (
  build: Build,
  number: number,
  known: Partial<NewStage> = {},
): NewStage => ({
  repoId: build.repoId,
  buildId: build.id,
  number,
  name: `stage-${number}`,
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
  dependsOn: [],
  partition: 'pipeline/docker/linux/amd64///',
  attempt: 0,
  isHeld: false,
  retryLimit: 0,
  retryOn: [],
  startedAt: 0,
  stoppedAt: 0,
  ...known,
})

export const newStep = (
  stageId: number,
  number: number,
  known: Partial<NewStep> = {},
): NewStep => ({
  stageId,
  number,
  name: `step-${number}`,
  status: 'pending',
  error: '',
  errIgnore: false,
  exitCode: 0,
  image: 'alpine:3',
  detached: false,
  dependsOn: [],
  grantedTry: 0,
  startedAt: 0,
  stoppedAt: 0,
  ...known,
})

export const newAttempt = (stage: Stage, known: Partial<NewAttempt> = {}): NewAttempt => ({
  stageId: stage.id,
  number: 1,
  buildId: stage.buildId,
  workerId: randomUUID(),
  bootId: 'boot',
  workerName: 'worker',
  requestId: randomUUID(),
  isFenced: false,
  tokenHash: 'abc',
  answerSealed: Uint8Array.of(9, 8, 7),
  ...known,
})

export const newWorker = (known: Partial<NewWorker> = {}): NewWorker => ({
  id: randomUUID(),
  bootId: 'boot',
  name: 'worker',
  version: '1.0.0',
  slots: 2,
  tokenHash: 'abc',
  ...plainProfile({ pool: 'fast' }),
  ...known,
})

export const newDelivery = (repoId: number, known: Partial<NewDelivery> = {}): NewDelivery => ({
  repoId,
  key: 'k',
  via: 'webhook',
  event: 'push',
  ref: 'refs/heads/main',
  commit: '',
  sender: '@hook',
  bodyHash: 'ab',
  bodyBytes: 12,
  content: '',
  requestSealed: null,
  ...known,
})

export const first = <T>(rows: readonly T[]): T => {
  const [row] = rows
  if (row === undefined) throw new Error('there is no row')
  return row
}

/** A repository of the test's own, and what hangs on it. */
export const seedRepo = (database: Database): Promise<Repo> => database.repos.create(newRepo())

export const seedBuild = async (database: Database): Promise<Build> => {
  const repo = await seedRepo(database)
  return database.builds.create(newBuild(repo.id, 1), 'kind: pipeline\n')
}

export const seedStage = async (
  database: Database,
  known: Partial<NewStage> = {},
): Promise<Stage> => {
  const build = await seedBuild(database)
  return first(await database.stages.create([newStage(build, 1, known)]))
}

export const seedStep = async (database: Database): Promise<Step> => {
  const stage = await seedStage(database)
  return first(await database.steps.create([newStep(stage.id, 1)]))
}

export const seedAttempt = async (
  database: Database,
  known: Partial<NewAttempt> = {},
): Promise<Attempt> => database.attempts.create(newAttempt(await seedStage(database), known))
