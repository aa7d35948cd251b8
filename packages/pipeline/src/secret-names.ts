import type { ParsedManifest, Pipeline } from './manifest.ts'
import { substitute, Values } from './substitute.ts'
import { SubstitutionError } from './substitution-syntax.ts'

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
  const lookup = new Values((name) => values.get(name) ?? '')
  for (const document of manifest.documents) {
    if (document.role !== 'pipeline') continue
    if (document.pipeline.name !== (stageName || 'default')) continue
    for (const name of secretsOf(document.pipeline)) names.add(substituted(name, lookup))
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
  return [...names, ...pipeline.imagePullSecrets]
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
