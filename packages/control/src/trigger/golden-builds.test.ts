import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Hook,
  isDone,
  makeHook,
  type Partition,
  type StageStatus,
  type WorkerProfile,
  whyNotServe,
} from '@waggle/domain'
import { parseManifest, planStages } from '@waggle/pipeline'
import { describe, expect, it } from 'vitest'
import { type ResolvableStage, resolveStages } from '../advance/resolve-stages.ts'
import { initialStatus, isVerified } from './new-build.ts'
import { whyNoBuild } from './why-no-build.ts'

const folder = join(import.meta.dirname, '../../testdata')
const read = (name: string, file: string): string => readFileSync(join(folder, name, file), 'utf8')
const json = <T>(name: string, file: string): T => JSON.parse(read(name, file)) as T
const casesWith = (file: string): string[] =>
  readdirSync(folder).filter((name) => existsSync(join(folder, name, file)))

const expectGolden = async (name: string, file: string, value: unknown): Promise<void> => {
  const printed = `${JSON.stringify(value, null, 2)}\n`
  await expect(printed).toMatchFileSnapshot(join(folder, name, file))
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))

type Flags = Partial<Parameters<typeof whyNoBuild>[1]> & { readonly protected?: boolean }

describe('builds by the checklist of the specification', () => {
  it.each(casesWith('hooks.json'))('testdata/%s builds, waits or not as it did', async (name) => {
    const hooks = json<Record<string, Partial<Hook> & { readonly repo?: Flags }>>(
      name,
      'hooks.json',
    )
    await expectGolden(
      name,
      'answers.json',
      mapValues(hooks, ({ repo: flags, ...known }) => {
        const hook = makeHook(known)
        const repo = { slug: 'acme/app', protected: false, ...flags }
        const reason = whyNoBuild(hook, repo)
        if (reason !== null) return { builds: false, reason }
        const verified = isVerified(repo, hook)
        return {
          builds: true,
          first: initialStatus(verified, []),
          dependent: initialStatus(verified, ['first']),
        }
      }),
    )
  })

  it.each(casesWith('ends.json'))('testdata/%s goes on as it did', async (name) => {
    const plan = planStages(
      parseManifest(read(name, 'input.yml')),
      makeHook({ event: 'push', target: 'main', ref: 'refs/heads/main' }),
      { slug: 'acme/app', throttle: 0 },
    )
    if (plan.kind !== 'stages') throw new Error(JSON.stringify(plan))
    const stages = plan.stages.map(({ name: stage, number, dependsOn, onSuccess, onFailure }) => ({
      ...{ id: number, name: stage, dependsOn, onSuccess, onFailure },
      status: initialStatus(true, dependsOn) as StageStatus,
    }))
    const ends = json<Record<string, readonly (readonly [string, StageStatus])[]>>(
      name,
      'ends.json',
    )
    await expectGolden(
      name,
      'states.json',
      mapValues(ends, (events) => statesAfter(stages, events)),
    )
  })

  it.each(casesWith('pairs.json'))('testdata/%s goes to the workers it went to', async (name) => {
    const { workers, stages } = json<{
      readonly workers: Record<string, Partial<WorkerProfile>>
      readonly stages: Record<string, Partial<Partition>>
    }>(name, 'pairs.json')
    const any = { kind: '', type: '', os: '', arch: '', variant: '', kernel: '', labels: {} }
    await expectGolden(
      name,
      'routes.json',
      mapValues(workers, (worker) =>
        mapValues(stages, (stage) => {
          const profile: WorkerProfile = { labelMatch: 'equal', ...any, ...worker }
          const partition = { ...any, os: 'linux', arch: 'amd64', ...stage }
          const mismatch = whyNotServe(profile, partition)
          return mismatch === null
            ? 'yes'
            : `no: ${mismatch.attribute} of the worker "${mismatch.worker}", of the stage "${mismatch.stage}"`
        }),
      ),
    )
  })
})

/** All states after each end of a stage, and the build's. */
const statesAfter = (
  stages: readonly ResolvableStage[],
  events: readonly (readonly [string, StageStatus])[],
) => {
  const now = new Map(stages.map((stage) => [stage.id, stage.status]))
  const current = () => stages.map((stage) => ({ ...stage, status: now.get(stage.id)! }))
  return events.map(([ended, status]) => {
    const stage = current().find(({ name }) => name === ended)
    if (!stage || isDone(stage.status) || stage.status === 'waiting_on_dependencies')
      throw new Error(`${ended} cannot end: it is ${stage?.status}`)
    now.set(stage.id, status)
    const { skipped, pending, completion } = resolveStages(current())
    for (const id of skipped) now.set(id, 'skipped')
    for (const id of pending) now.set(id, 'pending')
    const states = Object.fromEntries(current().map(({ name, status: state }) => [name, state]))
    return { after: `${ended}: ${status}`, build: completion ?? 'goes on', stages: states }
  })
}
