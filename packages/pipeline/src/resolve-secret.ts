import type { Given, SpecSecret } from '@waggle/domain'
import type { CompileSettings } from './compile-settings.ts'
import type { PipelineStep } from './manifest.ts'
import { isVariableName, withoutNul } from './safe-environment.ts'
import { settingVariable } from './settings-to-env.ts'

export type SecretResolver = (name: string) => string | null

/** Finds secrets by name, without case: first those that the server sent, which it filtered by the build's origin,
 *  then the worker's own, which no pull request gets (pipeline.md §12.11). The first that is not empty counts. */
export const secretResolver = (given: Given, settings: CompileSettings): SecretResolver => {
  const values = new Map<string, string>()
  const isOpen = given.build.event !== 'pull_request' && !isFork(given)
  const own = isOpen ? Object.entries(settings.secrets ?? {}) : []
  const sent = given.secrets.map(({ name, value }) => [name, value] as const)
  for (const [name, value] of [...sent, ...own]) {
    const key = name.toLowerCase()
    if (value !== '' && !values.has(key)) values.set(key, value)
  }
  return (name) => values.get(name.toLowerCase()) ?? null
}

/** Whether the build's code comes from another repository (threats.md C.1). A rebuild or promotion of it still does. */
export const isFork = ({ build, repo }: Given): boolean =>
  build.sourceRepo !== '' && build.sourceRepo.toLowerCase() !== repo.slug.toLowerCase()

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
