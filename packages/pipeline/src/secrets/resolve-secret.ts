import { type Given, type GivenSecret, originOf, type SpecSecret } from '@waggle/domain'
import type { CompileSettings } from '../compile/compile-settings.ts'
import { settingVariable } from '../compile/settings-to-env.ts'
import { isVariableName, withoutNul } from '../environment/safe-environment.ts'
import type { PipelineStep } from '../manifest.ts'

export type SecretResolver = (name: string) => string | null

/** Finds secrets by name: first those that the server sent, which it filtered by the build's origin, then those of the
 *  file, then the worker's own, which no pull request gets, then those of the secret extension (pipeline.md §12.11).
 *  Names that the file gives are compared with case, all others without. The first that is not empty counts. */
export const secretResolver = (given: Given, settings: CompileSettings): SecretResolver => {
  const isOwn = originOf(given.build, given.repo) === 'own'
  const stored = firstOfName(
    given.secrets.filter(({ isExact }) => isExact !== true),
    lowerCase,
  )
  const written = firstOfName(
    given.secrets.filter(({ isExact, isExternal }) => isExact === true && isExternal !== true),
    asWritten,
  )
  const external = firstOfName(
    given.secrets.filter(({ isExternal }) => isExternal === true),
    asWritten,
  )
  const settled = Object.entries(settings.secrets ?? {}).map(([name, value]) => ({ name, value }))
  const own = firstOfName(isOwn ? settled : [], lowerCase)
  return (name) =>
    stored.get(lowerCase(name)) ??
    written.get(name) ??
    own.get(lowerCase(name)) ??
    external.get(name) ??
    null
}

const lowerCase = (name: string): string => name.toLowerCase()
const asWritten = (name: string): string => name

const firstOfName = (
  secrets: readonly GivenSecret[],
  keyOf: (name: string) => string,
): ReadonlyMap<string, string> => {
  const values = new Map<string, string>()
  for (const { name, value } of secrets)
    if (value !== '' && !values.has(keyOf(name))) values.set(keyOf(name), value)
  return values
}

/** Whether the build's code comes from another repository, or from one that nobody named (threats.md C.1). A rebuild or
 *  promotion of it still does. */
export const isFork = ({ build, repo }: Given): boolean => originOf(build, repo) === 'fork'

/** The secret variables of a step: of its environment, then of its settings. A missing secret is an empty one. */
export const stepSecrets = (
  step: PipelineStep,
  resolve: SecretResolver,
  warn: (message: string) => void,
): SpecSecret[] => {
  const named = [
    ...Object.entries(step.environment),
    ...Object.entries(step.settings).map(([key, value]) => [settingVariable(key), value] as const),
  ]
  return named.flatMap(([env, source]) => {
    if (source.kind !== 'secret' || !isVariableName(env)) return []
    const value = resolve(source.secret)
    if (value === null)
      warn(`step ${step.name}: there is no secret ${source.secret}; $${env} is empty`)
    return [{ name: source.secret, env, value: withoutNul(value ?? '') }]
  })
}
