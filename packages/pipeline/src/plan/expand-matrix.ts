import { decodePipeline } from '../decode/decode-pipeline.ts'
import { Fields, IssueSink } from '../decode/fields.ts'
import type { MatrixValues } from '../decode/waggle.ts'
import { manifestLimits } from '../limits.ts'
import type { ManifestDocument, Pipeline } from '../manifest.ts'
import type { YamlEntry, YamlMap, YamlNode } from '../yaml/yaml-node.ts'
import { type MatrixInstance, matrixInstances, pipelineOfInstance } from './matrix-instances.ts'

/** What decides on the stage itself, and is read before the worker substitutes. */
const plannedKeys = ['platform', 'node', 'trigger', 'concurrency', 'depends_on'] as const

/** A document for each combination of its matrix; the document itself where it has none. Plain `${AXIS}` in what
 *  decides on the stage itself has its value already; everything else is substituted with the rest of the file. */
export const expandMatrix = (document: ManifestDocument): readonly ManifestDocument[] => {
  if (document.role !== 'pipeline' || document.root?.kind !== 'map') return [document]
  const instances = matrixInstances(document.pipeline)
  if (instances.length === 0) return [document]
  const { root } = document
  const isPlain = !plannedKeys.some((key) => holdsReference(root.entries.get(key)?.value))
  return instances.map((instance) => {
    const own = isPlain ? {} : decodePlanned(root, instance)
    return { ...document, pipeline: pipelineOfInstance({ ...document.pipeline, ...own }, instance) }
  })
}

/** The instance of a document that the stage's name means. */
export const instanceOfStage = (root: YamlMap, stageName: string): MatrixInstance | null => {
  if (!root.entries.has('waggle')) return null
  // Issues were found by whoever read the file before.
  const read: readonly string[] = ['name', 'waggle']
  const head = new Map([...root.entries].filter(([key]) => read.includes(key)))
  const pipeline = decodePipeline(new Fields({ ...root, entries: head }, '', new IssueSink(0)), {
    left: manifestLimits.stepsPerFile,
  })
  return matrixInstances(pipeline).find(({ name }) => name === stageName) ?? null
}

const decodePlanned = (
  root: YamlMap,
  { values }: MatrixInstance,
): Pick<Pipeline, 'platform' | 'node' | 'trigger' | 'limit' | 'dependsOn'> => {
  const entries = new Map<string, YamlEntry>()
  for (const key of plannedKeys) {
    const entry = root.entries.get(key)
    if (entry) entries.set(key, { key: entry.key, value: withValues(entry.value, values) })
  }
  const fields = new Fields({ ...root, entries }, '', new IssueSink(0))
  const { platform, node, trigger, limit, dependsOn } = decodePipeline(fields, { left: 0 })
  return { platform, node, trigger, limit, dependsOn }
}

const holdsReference = (node: YamlNode | undefined): boolean => {
  if (node === undefined) return false
  if (node.kind === 'scalar') return node.text.includes(`\${`)
  if (node.kind === 'list') return node.items.some(holdsReference)
  return [...node.entries.values()].some(({ value }) => holdsReference(value))
}

const withValues = (node: YamlNode, values: MatrixValues): YamlNode => {
  if (node.kind === 'scalar') {
    let { text } = node
    for (const [name, value] of Object.entries(values))
      text = text.replaceAll(`\${${name}}`, () => value)
    return { ...node, text }
  }
  if (node.kind === 'list')
    return { ...node, items: node.items.map((item) => withValues(item, values)) }
  const entries = new Map<string, YamlEntry>()
  for (const [name, { key, value }] of node.entries)
    entries.set(name, { key, value: withValues(value, values) })
  return { ...node, entries }
}
