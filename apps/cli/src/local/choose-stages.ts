import { invalid } from '@waggle/domain'
import {
  type Conditions,
  formatIssue,
  type ManifestDocument,
  type PlannedStage,
  planStages,
  type SkippedStage,
} from '@waggle/pipeline'
import type { LocalFile } from './local-file.ts'

export interface ChosenStages {
  readonly stages: readonly PlannedStage[]
  readonly skipped: readonly SkippedStage[]
}

/** The stages to run here: those that the event would start; with a name, or where the file has only one pipeline,
 *  that one whatever its trigger. Throws `invalid` with every mistake and its place. */
export const chooseStages = (local: LocalFile, name: string | undefined): ChosenStages => {
  const { path, manifest, hook, slug } = local
  if (manifest.issues.length > 0)
    throw invalid(
      'bad_manifest',
      `${path} has ${manifest.issues.length === 1 ? 'a mistake' : 'mistakes'}:\n${manifest.issues
        .map((issue) => `  ${formatIssue(issue)}`)
        .join('\n')}`,
    )
  const documents = manifest.documents.map(withoutTrigger)
  const every = planStages({ ...manifest, documents }, hook, { slug, throttle: 0 })
  if (every.kind === 'error') throw invalid('bad_manifest', `${path}: ${every.message}`)
  const all = every.kind === 'stages' ? every.stages : []
  if (all.length === 0) throw invalid('no_pipeline', `${path} has no pipeline`)
  if (name !== undefined) return { stages: [named(all, name, path)], skipped: [] }
  const plan = planStages(manifest, hook, { slug, throttle: 0 })
  if (plan.kind === 'stages') return plan
  const skipped = plan.kind === 'none' ? plan.skipped : []
  if (all.length === 1) return { stages: all, skipped }
  throw invalid(
    'no_pipeline',
    `no pipeline of ${path} is for this event; --pipeline runs one all the same:\n${skipped
      .map((one) => `  ${one.name}: ${one.reason}`)
      .join('\n')}`,
  )
}

const named = (all: readonly PlannedStage[], name: string, path: string): PlannedStage => {
  const found = all.find((stage) => stage.name === name)
  if (found !== undefined) return { ...found, dependsOn: [] }
  const known = all.map((stage) => stage.name).join(', ')
  throw invalid('no_pipeline', `${path} has no pipeline "${name}"; it has: ${known}`)
}

/** What is named runs whatever its trigger says of the event. */
const withoutTrigger = (document: ManifestDocument): ManifestDocument => {
  if (document.role !== 'pipeline') return document
  const { status, ...others } = document.pipeline.trigger
  const open = Object.keys(others).map((key) => [key, { include: [], exclude: [] }])
  const trigger = { ...Object.fromEntries(open), status } as Conditions
  return { ...document, pipeline: { ...document.pipeline, trigger } }
}
