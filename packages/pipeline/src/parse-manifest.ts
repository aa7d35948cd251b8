import { decodePipeline, type StepBudget } from './decode-pipeline.ts'
import { decodeSecret } from './decode-secret.ts'
import { Fields, IssueSink } from './fields.ts'
import { manifestLimits } from './limits.ts'
import type { ManifestDocument, ParsedManifest } from './manifest.ts'
import type { ManifestIssue } from './manifest-issue.ts'
import { fileIssue, type ReadDocument, readDocuments } from './read-documents.ts'

/** Reads a pipeline file as the server does: unsubstituted, one lenient schema for every type (pipeline.md §3, §4).
 *  Never throws: whatever is wrong is an issue, all of them at once. */
export const parseManifest = (text: string): ParsedManifest => {
  const { documents, issues } = readDocuments(text)
  const all: ManifestIssue[] = [...issues]
  const budget: StepBudget = { left: manifestLimits.stepsPerFile }
  const parsed = documents.map((document) => decodeDocument(document, budget, all))
  const stages = parsed.filter((document) => document.role === 'pipeline')
  const extra = stages[manifestLimits.stages]
  if (extra !== undefined) {
    const message = `the file has ${stages.length} pipelines and exceeds the limit of ${manifestLimits.stages} stages`
    all.push(fileIssue('limit_stages', message, extra.line))
  }
  all.sort((a, b) => a.line - b.line || a.column - b.column)
  return { documents: parsed, issues: all.slice(0, manifestLimits.issues) }
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
      return { ...base, role: 'ignored', kind }
    case 'secret': {
      const secret = decodeSecret(fields)
      return { ...base, role: 'secret', kind, name: secret.name, secret }
    }
    case 'signature':
      return { ...base, role: 'signature', kind, hmac: fields.str('hmac') }
    case 'cron':
    case 'registry':
    case 'template':
      return { ...base, role: 'ignored', kind }
    default: {
      const pipeline = decodePipeline(fields, budget)
      return { ...base, role: 'pipeline', kind, pipeline, stageIssues: fields.sink.ofStage.issues }
    }
  }
}
