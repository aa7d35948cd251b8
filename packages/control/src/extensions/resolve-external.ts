import {
  type ExtensionFacts,
  type Given,
  type GivenExternal,
  isWaggleError,
  originOf,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { attemptAnswers } from './attempt-answers.ts'

export type ExternalDeps = Pick<ControlDeps, 'database' | 'extensions' | 'log'>

/** What the environment and registry extensions give to a stage (scheduling.md §15.6); `undefined` = there are none. One
 *  that fails gives nothing, which is logged: the worker's own variables stay (environment.md §14.1), its registry
 *  credentials do not (pipeline.md §12.8). A fork's build gets neither credentials nor masked variables (threats.md
 *  C.1). */
export const resolveExternal = async (
  deps: ExternalDeps,
  facts: ExtensionFacts,
  { stage, attempt }: Pick<Given, 'stage' | 'attempt'>,
): Promise<GivenExternal | undefined> => {
  const { extensions, database } = deps
  if (extensions?.environment === undefined && extensions?.registry === undefined) return undefined
  const isFork = originOf(facts.build, facts.repo) === 'fork'
  const once = <T>(kind: string, ask: ((facts: ExtensionFacts) => Promise<T>) | undefined) =>
    ask === undefined
      ? null
      : attemptAnswers(database).once(`${kind}/${stage.id}/${attempt}`, () =>
          orNothing(deps, facts, kind, () => ask(facts)),
        )
  const [environment, registries] = await Promise.all([
    once('environment', extensions.environment),
    isFork ? null : once('registry', extensions.registry),
  ])
  const isRegistryLost = !isFork && extensions.registry !== undefined && registries === null
  return {
    environment: (environment ?? []).filter(({ isMasked }) => !isMasked || !isFork),
    registries: registries ?? [],
    ...(isRegistryLost ? { isRegistryLost } : {}),
  }
}

/** `null`, and a line in the log, where the extension fails. */
export const orNothing = async <T>(
  { log }: Pick<ExternalDeps, 'log'>,
  { build, repo }: ExtensionFacts,
  name: string,
  ask: () => Promise<T>,
): Promise<T | null> => {
  try {
    return await ask()
  } catch (err) {
    if (!isWaggleError(err) || err.kind === 'internal') throw err
    log.warn('extension gave nothing', {
      name,
      'build.id': build.id,
      'repo.slug': repo.slug,
      reason: err.message,
    })
    return null
  }
}
