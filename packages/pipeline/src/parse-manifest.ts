import { decodePipeline, type StepBudget } from './decode/decode-pipeline.ts'
import { decodeSecret } from './decode/decode-secret.ts'
import { Fields, IssueSink } from './decode/fields.ts'
import { manifestLimits } from './limits.ts'
import type { ManifestDocument, ParsedManifest } from './manifest.ts'
import { byPlace, formatIssue, type ManifestIssue } from './manifest-issue.ts'
import { expandMatrix } from './plan/expand-matrix.ts'
import { fileIssue, type ReadDocument, readDocuments } from './yaml/read-documents.ts'

/** Reads a pipeline file as the server does: unsubstituted, one lenient schema for every type (pipeline.md §3, §4).
 *  Never throws: whatever is wrong is an issue, all of them at once. */
export const parseManifest = (text: string): ParsedManifest => {
  const { documents, issues } = readDocuments(text)
  const all: ManifestIssue[] = [...issues]
  const budget: StepBudget = { left: manifestLimits.stepsPerFile }
  const parsed = documents.flatMap((document) => {
    const copies = expandMatrix(decodeDocument(document, budget, all))
    // The first of them was counted when it was decoded.
    for (const copy of copies.slice(1)) countSteps(copy, budget, all)
    return copies
  })
  const stages = parsed.filter((document) => document.role === 'pipeline')
  const extra = stages[manifestLimits.stages]
  if (extra !== undefined) {
    const message = `the file has ${stages.length} pipelines and exceeds the limit of ${manifestLimits.stages} stages`
    all.push(fileIssue('limit_stages', message, extra.line))
  }
  return { documents: parsed, issues: told(all).slice(0, manifestLimits.issues) }
}

/** In the order of the file, each mistake once: a reader and the decoder behind it may both find one. */
const told = (issues: readonly ManifestIssue[]): ManifestIssue[] => [
  ...new Map(issues.toSorted(byPlace).map((issue) => [formatIssue(issue), issue])).values(),
]

const countSteps = (
  document: ManifestDocument,
  budget: StepBudget,
  issues: ManifestIssue[],
): void => {
  if (document.role !== 'pipeline' || budget.left < 0) return
  const { steps, services } = document.pipeline
  budget.left -= steps.length + services.length
  if (budget.left >= 0) return
  const message = `with its matrix the file exceeds the limit of ${manifestLimits.stepsPerFile} steps`
  issues.push(fileIssue('limit_steps', message, document.line))
}

const decodeDocument = (
  document: ReadDocument,
  budget: StepBudget,
  issues: ManifestIssue[],
): ManifestDocument => {
  const { number, raw, root } = document
  const base = { number, line: raw.line, raw: raw.text, root }
  if (root === null) return { ...base, role: 'ignored', kind: '' }
  const sink = new IssueSink(number)
  const decoded = decodeRoot(base, new Fields(asMap(root, sink), '', sink), budget)
  issues.push(...sink.issues)
  return decoded
}

const asMap = (root: NonNullable<ReadDocument['root']>, sink: IssueSink): Fields['map'] => {
  if (root.kind === 'map') return root
  const message = 'yaml: missing kind attribute: the document is not a mapping'
  sink.add('missing_kind', message, '', root)
  return { kind: 'map', entries: new Map(), line: root.line, column: root.column }
}

const decodeRoot = (
  base: Pick<ManifestDocument, 'number' | 'line' | 'raw' | 'root'>,
  fields: Fields,
  budget: StepBudget,
): ManifestDocument => {
  const kind = fields.str('kind')
  switch (kind) {
    case '':
      if (fields.sink.issues.length === 0)
        fields.sink.add('missing_kind', 'yaml: missing kind attribute', '', fields.map)
      decodeCommonKeys(fields)
      return { ...base, role: 'ignored', kind }
    case 'secret': {
      const secret = decodeSecret(fields)
      decodeCommonKeys(fields)
      return { ...base, role: 'secret', kind, name: secret.name, secret }
    }
    case 'signature':
      decodeCommonKeys(fields)
      return { ...base, role: 'signature', kind, hmac: fields.str('hmac') }
    case 'cron':
    case 'registry':
    case 'template':
      decodeCommonKeys(fields)
      return { ...base, role: 'ignored', kind }
    default: {
      const pipeline = decodePipeline(fields, budget)
      return { ...base, role: 'pipeline', kind, pipeline, stageIssues: fields.sink.ofStage.issues }
    }
  }
}

/** Of every document, whatever its kind: a wrong type is an error although nobody uses the value (pipeline.md §4.1). */
const decodeCommonKeys = (fields: Fields): void => {
  for (const key of ['type', 'name', 'version']) fields.str(key)
}
