import { setImmediate } from 'node:timers/promises'
import { type Given, type Hook, originOf, type Repo } from '@waggle/domain'
import {
  type CompileSettings,
  lintManifest,
  type ParsedManifest,
  type Pipeline,
  type PlannedStage,
  parseManifest,
  planStages,
} from '@waggle/pipeline'
import { initialStatus, isVerified } from '../trigger/new-build.ts'
import { whyNoBuild } from '../trigger/why-no-build.ts'
import { explainSecrets, type KnownSecret, type SecretExplainer } from './explain-secrets.ts'
import { explainStage } from './explain-stage.ts'
import type { PlanReport, StageReport } from './plan-report.ts'

/** What a plan is made of. The repository may be one that nobody registered. */
export interface PlanQuestion {
  readonly text: string
  readonly hook: Hook
  readonly repo: Given['repo'] &
    Pick<Repo, 'protected' | 'throttle' | 'counter'> &
    Partial<Pick<Repo, 'ignoreForks' | 'ignorePullRequests'>>
  readonly cloneUrl: string
  /** The repository's secrets, then its namespace's; `null` = not known here. */
  readonly secrets: readonly KnownSecret[] | null
  /** Key of the repository for the file's own secrets; `null` = not known here. */
  readonly key?: string | null
  /** Whether the file has the signature that a protected repository wants. */
  readonly isSigned?: (manifest: ParsedManifest) => boolean
  readonly system: Given['system']
  readonly settings?: CompileSettings
  readonly nowMs: number
}

/** Which stages and steps a build of the file would have, what is skipped by which rule, what waits for an approval,
 *  and what each step would be given. The same functions decide as for a build; nothing is stored. Between stages others
 *  have their turn: a hostile file takes seconds. */
export const explainPlan = async (question: PlanQuestion): Promise<PlanReport> => {
  const { text, hook, repo } = question
  const origin = originOf({ ...hook, sourceRepo: hook.fork }, repo)
  const manifest = parseManifest(text)
  const base = {
    event: hook.event,
    ref: hook.ref,
    branch: hook.target,
    origin,
    reason: '',
    isError: false,
    stages: [],
    skipped: [],
    issues: lintManifest(manifest, { isTrusted: repo.trusted && origin !== 'fork' }),
  } satisfies PlanReport
  const ignored = whyNoBuild(hook, repo)
  if (ignored !== null) return { ...base, reason: ignored }
  if (text.trim() === '') return { ...base, isError: true, reason: 'the manifest is empty' }
  const plan = planStages(manifest, hook, repo)
  switch (plan.kind) {
    case 'error':
      return { ...base, isError: true, reason: plan.message }
    case 'none':
      return { ...base, reason: 'no pipeline matches', skipped: plan.skipped }
    case 'stages': {
      const { secrets: stored, key = null } = question
      const explain = explainSecrets({ origin, repo, stored, manifest, key })
      const stages: StageReport[] = []
      for (const stage of plan.stages) {
        stages.push(stageReport(question, manifest, stage, explain))
        await setImmediate()
      }
      return { ...base, stages, skipped: plan.skipped }
    }
    default:
      return plan satisfies never
  }
}

const stageReport = (
  question: PlanQuestion,
  manifest: ParsedManifest,
  planned: PlannedStage,
  explain: SecretExplainer,
): StageReport => {
  const { number, name, type, os, arch, labels, limit, dependsOn, onSuccess, onFailure } = planned
  const { repo, hook, settings } = question
  const isFree = isVerified(repo, hook, question.isSigned?.(manifest) ?? false)
  const written = findPipeline(manifest, planned)
  const given = givenOf(question, planned)
  return {
    ...{ number, name, type, os, arch, labels, limit, dependsOn, onSuccess, onFailure },
    status: initialStatus(isFree, dependsOn),
    blocked: isFree ? '' : whyBlocked(repo, hook),
    ...explainStage(given, written, explain, settings),
  }
}

const whyBlocked = (repo: Pick<Repo, 'protected'>, hook: Hook): string =>
  repo.protected && hook.trigger === '@hook'
    ? 'the repository is protected, and the file is not signed'
    : 'a pull request of a fork waits for an approval'

const findPipeline = (manifest: ParsedManifest, { name }: PlannedStage): Pipeline => {
  for (const document of manifest.documents)
    if (document.role === 'pipeline' && document.pipeline.name === name) return document.pipeline
  throw new Error('a planned stage is not of its manifest')
}

/** As an attempt would be given it, but for what only a build has. */
const givenOf = (
  { text, hook, repo, cloneUrl, system, nowMs }: PlanQuestion,
  stage: PlannedStage,
): Given => {
  const { fork, ...rest } = hook
  const { throttle: _t, limit: _l, ...record } = stage
  return {
    installation: 'plan',
    attempt: 1,
    repo,
    build: {
      ...rest,
      id: 0,
      number: repo.counter + 1,
      status: 'pending',
      sourceRepo: fork,
      cloneUrl,
      startedAt: 0,
      finishedAt: 0,
      createdAt: nowMs,
    },
    stage: { ...record, id: 0, machine: '', version: 1, createdAt: nowMs },
    siblings: [],
    manifest: text,
    secrets: [],
    netrc: null,
    system,
  }
}
