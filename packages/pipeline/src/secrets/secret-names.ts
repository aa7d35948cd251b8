import { sourceText } from '../decode/fields.ts'
import type { ParsedManifest, Pipeline } from '../manifest.ts'
import { substitute, Values } from '../substitution/substitute.ts'
import { SubstitutionError } from '../substitution/substitution-syntax.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'

/** Every secret that the file lets this stage use: by `from_secret` in environments and settings, and to pull images.
 *  The server sends those and no others (threats.md T-02).
 *
 *  A name may hold `${…}`; with `values` (see `substitutionValues`) it is given as the worker will see it. */
export const namedSecrets = (
  manifest: ParsedManifest,
  stageName: string,
  values: ReadonlyMap<string, string> = new Map(),
): readonly string[] => {
  const names = new Set<string>()
  for (const document of manifest.documents) {
    if (document.role !== 'pipeline') continue
    if (document.pipeline.name !== (stageName || 'default')) continue
    const { pipeline, root } = document
    const written = isDecoded(pipeline) || root === null ? secretsOf(pipeline) : secretsIn(root)
    const own = new Map(Object.entries(pipeline.instanceOf?.values ?? {}))
    const lookup = new Values((name) => own.get(name) ?? values.get(name) ?? '')
    for (const name of written) names.add(substituted(name, lookup))
  }
  names.delete('')
  return [...names]
}

/** Names as written, in file order. */
export const secretsOf = (pipeline: Pipeline): string[] => {
  const names: string[] = []
  for (const step of [...pipeline.services, ...pipeline.steps]) {
    const sources = [
      ...Object.values(step?.environment ?? {}),
      ...Object.values(step?.settings ?? {}),
    ]
    for (const source of sources) if (source.kind === 'secret') names.push(source.secret)
  }
  for (const source of Object.values(pipeline.ssh ?? {}))
    if (source?.kind === 'secret') names.push(source.secret)
  return [...names, ...pipeline.imagePullSecrets]
}

const decodedTypes = new Set(['docker', 'exec', 'kubernetes', 'ssh'])

const isDecoded = ({ kind, type }: Pipeline): boolean =>
  kind === 'pipeline' && decodedTypes.has(type)

/** Of a type that we only route: whatever is called `from_secret`, wherever it stands, and `image_pull_secrets`. Only
 *  its own worker knows which of its keys are variables. */
const secretsIn = (root: YamlNode): string[] => {
  const names: string[] = []
  const open: YamlNode[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'list') open.push(...node.items.toReversed())
    if (node.kind !== 'map') continue
    for (const [key, { value }] of node.entries) {
      const isSecret = key === 'from_secret' && value.kind === 'scalar'
      if (isSecret) names.push(sourceText(value))
      else if (key === 'image_pull_secrets' && value.kind === 'list')
        for (const item of value.items) if (item.kind === 'scalar') names.push(sourceText(item))
      if (value.kind !== 'scalar') open.push(value)
    }
  }
  return names
}

/** A name that cannot be substituted fails the stage on the worker; here it names nothing. */
const substituted = (name: string, values: Values): string => {
  try {
    return substitute(name, values)
  } catch (error) {
    if (error instanceof SubstitutionError) return ''
    throw error
  }
}
